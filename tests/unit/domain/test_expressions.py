"""Filters, conditions and loops in a project's file: with secrets that nobody looks into."""

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.substitution import names_in, substitute
from fairlead.domain.text import Mixed, SecretRef

SECRET = SecretRef(SecretVersionId("sv-1"), "Db.Password")
VALUES = {
    "Host": "DB.example.com",
    "Url": "https://#{Host | ToLower}/",
    "Db.Password": SECRET,
    "Dsn": Mixed(("user:", SECRET, "@#{Host}")),
    "Hosts": '["a", "b"]',
    "Literal": "##{Host}",
    "Circle": "#{if Circle}x#{/if}",
}


def test_a_filter_is_applied_also_inside_the_value_of_a_variable():
    assert substitute("#{Host | ToLower} #{Url}", VALUES.get) == "db.example.com https://db.example.com/"


def test_a_condition_takes_the_branch_that_holds_and_asks_nothing_of_the_other():
    assert substitute("#{if Debug}#{Nowhere}#{else}quiet#{/if}", VALUES.get) == "quiet"


def test_a_loop_goes_over_the_elements_of_json():
    assert substitute("#{each host in Hosts}#{host}:80 #{/each}", VALUES.get) == "a:80 b:80 "


def test_a_secret_passes_through_as_the_reference_it_is():
    text = substitute("#{if Host}pw=#{Db.Password};#{/if}#{Dsn}", VALUES.get)
    assert text == Mixed(("pw=", SECRET, ";user:", SECRET, "@DB.example.com"))


@pytest.mark.parametrize(
    "template",
    ["#{Db.Password | ToUpper}", '#{if Db.Password == "x"}1#{/if}', "#{calc {Db.Password}+1}", "#{Host|Append #{Dsn}}"],
)
def test_what_would_look_into_a_secret_is_refused(template):
    with pytest.raises(Invalid) as refused:
        substitute(template, VALUES.get, where="services.web.environment.X")
    assert (refused.value.code, refused.value.thing) == ("variable.secret", "Db.Password")


def test_a_value_that_is_text_is_no_template_again():
    assert substitute("#{Literal}|#{Literal | Trim}", VALUES.get) == "#{Host}|#{Host}"


def test_what_has_no_value_is_named_with_its_place():
    with pytest.raises(Invalid, match=r"Nowhere \| ToLower.*needed by routes") as refused:
        substitute("#{Nowhere | ToLower}", VALUES.get, where="routes")
    assert refused.value.code == "variable.unknown"


def test_a_circle_through_a_condition_is_found():
    with pytest.raises(Invalid, match="Circle") as refused:
        substitute("#{Circle}", VALUES.get)
    assert refused.value.code == "variable.circular"


def test_the_names_of_an_expression_are_told():
    assert list(names_in("#{if A}#{B | Append #{C}}#{/if}")) == ["A", "B", "C"]
