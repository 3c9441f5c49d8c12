"""Variables resolved for many places at once hold the same as each of them resolved alone."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.composite import Composite, CompositeKind
from fairlead.domain.ids import LibrarySetId, SecretVersionId
from fairlead.domain.text import SecretRef
from fairlead.domain.variable import SETTABLE, Dimension, Variable, resolve_all
from fairlead.domain.variable_table import VariableTable

ENTRIES = st.frozensets(st.sampled_from("abc"), max_size=3)
SCOPES = st.dictionaries(st.sampled_from(SETTABLE), ENTRIES, max_size=4)
PLACES = st.lists(st.dictionaries(st.sampled_from(list(Dimension)), ENTRIES, max_size=9), min_size=1, max_size=4)
VARIABLES = st.lists(
    st.tuples(st.sampled_from(["One", "Two", "one"]), SCOPES, st.sampled_from([None, LibrarySetId("lib")])),
    max_size=12,
).map(
    lambda found: [
        Variable(f"{number:02d}", name, scope=scope, library_set=owner)
        for number, (name, scope, owner) in enumerate(found)
    ]
)


@given(VARIABLES, PLACES)
def test_a_table_holds_what_resolving_one_by_one_gives(found: list[Variable], places: list) -> None:  # type: ignore[type-arg]
    table = VariableTable(found)
    for at in (*places, *places):
        holding = table.at(at)
        alone = {one.name.lower(): one.winner for one in resolve_all(found, at).values() if one.winner is not None}
        assert {name: holding.variable(name) for name in alone} == alone
        assert {name.lower() for name in holding} == set(alone)


def test_parts_of_a_certificate_are_variables_beside_it_and_one_that_is_set_comes_first() -> None:
    kept = Composite(
        CompositeKind.CERTIFICATE,
        {"Thumbprint": "ab12", "Subject": "CN=x"},
        {"PrivateKeyPem": SecretVersionId("sec-1")},
    )
    found = [Variable("1", "My.Tls", "id", composite=kept), Variable("2", "My.Tls.Subject", "mine")]
    holding = VariableTable(found).at({})
    assert holding["my.tls.THUMBPRINT"] == "ab12"
    assert holding["My.Tls.PrivateKeyPem"] == SecretRef(SecretVersionId("sec-1"), "My.Tls.PrivateKeyPem")
    assert holding["My.Tls.Subject"] == "mine"
    assert holding.get("My.Tls.Nothing") is None and holding.get("Nothing") is None
    assert sorted(holding) == ["My.Tls", "My.Tls.PrivateKeyPem", "My.Tls.Subject", "My.Tls.Thumbprint"]


def test_another_value_of_the_name_takes_the_parts_away() -> None:
    kept = Composite(CompositeKind.TOKEN, {}, {"Token": SecretVersionId("sec-1")})
    plain = Variable("2", "Hub", "x", scope={Dimension.STEP: frozenset({"s"})})
    table = VariableTable([Variable("1", "Hub", composite=kept), plain])
    assert "Hub.Token" in table.at({})
    assert "Hub.Token" not in table.at({Dimension.STEP: frozenset({"s"})})
