"""Variables in text: Octopus's and Compose's forms, secrets kept as references."""

from __future__ import annotations

import os

import pytest

from fairlead.domain.errors import Invalid, TooLarge
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.substitution import expand, interpolate, names_in, substitute
from fairlead.domain.text import Mixed, SecretRef, Text

SECRET = SecretRef(SecretVersionId("s1"), "Db.Password")
VALUES: dict[str, Text] = {
    "Host": "db.example.com",
    "Db.Password": SECRET,
    "Url": "pg://user:#{Db.Password}@#{Host}/books",
    "A": "#{B}",
    "B": "x #{C}",
    "C": "#{A}",
    "Empty": "",
    "Asks": "#{Nowhere}",
}
COMPOSE: dict[str, Text] = {"HOST": "db", "EMPTY": "", "PASSWORD": SECRET, "PRICE": "5$ #{Host}"}


def test_a_name_is_replaced_by_its_value() -> None:
    assert substitute("at #{Host}:#{ Host }", VALUES.get) == "at db.example.com:db.example.com"


def test_a_secret_stays_a_reference_in_the_middle_of_a_text() -> None:
    assert substitute("#{Db.Password}", VALUES.get) == SECRET
    assert substitute("#{Url}", VALUES.get) == Mixed(("pg://user:", SECRET, "@db.example.com/books"))


def test_a_mixed_text_is_substituted_in_its_literal_parts() -> None:
    assert substitute(Mixed(("#{Host}/", SECRET)), VALUES.get) == Mixed(("db.example.com/", SECRET))


def test_a_doubled_hash_is_the_text_itself() -> None:
    assert substitute("##{Host} ###{Host} # #x {Host} #{Host", VALUES.get) == (
        "#{Host} #db.example.com # #x {Host} #{Host"
    )


def test_an_unknown_name_is_an_error_that_says_which_and_where() -> None:
    with pytest.raises(Invalid, match=r"'Nowhere'.*Asks.*mentions.*services\.web") as caught:
        substitute("#{Asks}", VALUES.get, where="services.web.environment.X")
    assert caught.value.code == "variable.unknown"


@pytest.mark.parametrize("name", ["if x", "", "..", "x" * 500])
def test_what_is_no_name_is_an_unknown_variable(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        substitute(f"#{{{name}}}", lambda _: "found")
    assert caught.value.code == "variable.unknown"


def test_a_filter_that_there_is_not_is_told_as_that() -> None:
    with pytest.raises(Invalid, match="Frobnicate") as caught:
        substitute("#{a|Frobnicate}", lambda _: "found")
    assert caught.value.code == "variable.filter"


def test_a_circle_is_an_error_that_shows_the_chain() -> None:
    with pytest.raises(Invalid, match="A → B → C → A") as caught:
        substitute("#{A}", VALUES.get)
    assert caught.value.code == "variable.circular"


def test_variables_that_double_at_each_level_are_stopped() -> None:
    with pytest.raises(TooLarge):
        substitute("#{V30}", lambda name: "x" if name == "V0" else f"#{{V{int(name[1:]) - 1}}}" * 2)


def test_names_in_lists_what_a_text_mentions() -> None:
    assert list(names_in("#{A} ##{B} ###{C.D}")) == ["A", "C.D"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$HOST and ${HOST}", "db and db"),
        ("${EMPTY:-d}|${EMPTY-d}|${NONE:-d}|${NONE-d}|${HOST:-d}", "d||d|d|db"),
        ("${HOST:+a}|${EMPTY:+a}|${EMPTY+a}|${NONE+a}", "a||a|"),
        ("${HOST:?e}${HOST?e}${EMPTY?e}", "dbdb"),
        ("${NONE:-${ALSO:-${HOST}}/x}", "db/x"),
        ("${HOST:+<${HOST}>}", "<db>"),
        ("${NONE:-a$$b}", "a$b"),
        ("5$$ $${HOST}", "5$ ${HOST}"),
        ("${PRICE}", "5$ #{Host}"),
        ("${NONE:-}", ""),
        ("${NONE-a:b?c}", "a:b?c"),
    ],
)
def test_compose_forms(text: str, expected: str) -> None:
    assert interpolate(text, COMPOSE.get) == expected


def test_a_secret_stays_a_reference_in_compose_forms() -> None:
    assert interpolate("p=${PASSWORD}", COMPOSE.get) == Mixed(("p=", SECRET))
    assert interpolate("${NONE:-$PASSWORD}", COMPOSE.get) == SECRET
    assert interpolate("${PASSWORD:+set}", COMPOSE.get) == "set"


@pytest.mark.parametrize("text", ["${HOST", "${}", "$", "$1", "${HOST:x}", "${1}", "${HOST:-${X}", "${ HOST }"])
def test_a_malformed_form_is_an_error(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        interpolate(text, COMPOSE.get)
    assert caught.value.code == "input.invalid"


@pytest.mark.parametrize("text", ["${NONE}", "$NONE", "${NONE:?say it}", "${NONE?say it}", "${EMPTY:?say it}"])
def test_a_required_name_without_value_is_an_error(text: str) -> None:
    with pytest.raises(Invalid, match="NONE|EMPTY") as caught:
        interpolate(text, COMPOSE.get, where="compose.yaml")
    assert caught.value.code == "variable.unknown"
    assert "say it" not in text or "say it" in caught.value.message


def test_the_servers_own_environment_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_PROBE", "leaked")
    assert os.environ["FAIRLEAD_PROBE"] == "leaked"
    assert interpolate("${FAIRLEAD_PROBE:-default}", {}.get) == "default"


def test_deeply_nested_defaults_are_stopped() -> None:
    with pytest.raises(TooLarge):
        interpolate("${N:-" * 60 + "}" * 60, {}.get)


def test_neither_kind_is_looked_for_in_what_the_other_put_in() -> None:
    def lookup(name: str) -> Text | None:
        return {"Dollar": "$HOST"}.get(name) or VALUES.get(name)

    assert (
        expand("${PRICE}/#{Dollar}/#{Host}", compose=COMPOSE.get, variables=lookup) == "5$ #{Host}/$HOST/db.example.com"
    )
