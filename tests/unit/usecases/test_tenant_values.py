"""Tenant variable templates: what tenants give, where it holds, and what is refused for want of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, OTHER_DIGEST, House
from tests.unit.usecases.test_foreseeing import outside_of
from tests.unit.usecases.test_tenanted import go_live

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotAllowed
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.domain.prompt import Prompt
from fairlead.domain.reason import Reason
from fairlead.domain.step_template import Parameter, ParameterType
from fairlead.domain.variable import Dimension
from fairlead.store import tenant_templates as rows
from fairlead.store import variables as variable_rows
from fairlead.usecases import (
    deployments,
    foreseeing,
    library_sets,
    projects,
    prompting,
    releases,
    rolling_back,
    tenant_templates,
    tenant_values,
    tenants,
    variable_preview,
    variables,
    why,
)
from fairlead.usecases.deployments import DeploymentView
from fairlead.usecases.tenant_values import Given
from fairlead.usecases.tenants import Draft
from fairlead.usecases.values import Where
from fairlead.usecases.variables import InLibrary

SCHEMA, TONE = Parameter("Db.Schema", "Schema", "its own"), Parameter("Tone", default="plain")
KEY = Parameter("Api.Key", type=ParameterType.SECRET)
SITE = Parameter("Site", label="Standort 漢字")


def in_shop(books: House) -> House:
    """books, deployed for tenants, includes a set that has a template; Acme is connected everywhere, Bolt to Test."""
    projects.change(books.context, ADMIN, "books", {"tenancy": "tenanted"})
    library_sets.add(books.context, ADMIN, "Shared")
    library_sets.include(books.context, ADMIN, "books", "Shared")
    tenants.put(books.context, ADMIN, Draft("Acme", connections={"books": ["Test", "Production"]}))
    tenants.put(books.context, ADMIN, Draft("Bolt", connections={"books": ["Test"]}))
    return books


@pytest.fixture
def shop(books: House) -> House:
    return in_shop(books)


def ask_for(house: House, *parameters: Parameter, library_set: str = "") -> None:
    owner = InLibrary(library_set) if library_set else "books"
    tenant_templates.put(house.context, ADMIN, owner, parameters)


def give(house: House, tenant: str, name: str, value: str | None, environment: str = "Test", **more: str) -> None:
    where = more or {"project": "books", "environment": environment}
    tenant_values.put(house.context, ADMIN, tenant, [Given(name, value, **where)])


def states(house: House, tenant: str) -> list[tuple[str, str, str]]:
    asked = tenant_values.of(house.context, ADMIN, tenant).asked
    return [(one.environment or one.library_set, one.name, one.state) for one in asked]


def deploy(house: House, version: str, tenant: str, environment: str = "Test", **more: object) -> DeploymentView:
    return deployments.create(house.context, ADMIN, "books", version, environment, tenant=tenant, **more)  # type: ignore[arg-type]


def values_in(house: House, made: DeploymentView) -> dict[str, str]:
    """What the deployment's own snapshot has for tenants, by name."""
    with house.database.reading() as connection:
        held = variable_rows.snapshot(connection, made.deployment.variables).variables
    return {one.name: one.value for one in held if Dimension.TENANT in one.scope}


def previewed(house: House, tenant: str, environment: str = "Test", version: str = "") -> dict[str, tuple[str, str]]:
    """Value and source by name."""
    where = Where(environment, tenant=tenant)
    found = variable_preview.preview(house.context, ADMIN, "books", where, version=version)
    return {one.name: (one.evaluated, one.winner.template if one.winner else "") for one in found.page.items}


def refused(house: House, code: str, tenant: str, *given: Given) -> FairleadError:
    before = house.rows()
    with pytest.raises(FairleadError) as raised:
        tenant_values.put(house.context, ADMIN, tenant, given)
    assert raised.value.code == code
    assert house.rows() == before
    return raised.value


def texts(reason: Reason) -> Sequence[str]:
    return [reason.said, *(text for one in reason.because for text in texts(one))]


def test_a_tenant_is_asked_in_each_environment_by_a_project_and_once_by_a_library_set(shop: House) -> None:
    ask_for(shop, SCHEMA, TONE)
    ask_for(shop, SITE, library_set="Shared")
    give(shop, "Acme", "db.schema", "acme_test")
    give(shop, "Acme", "SITE", "Zürich 漢字", library_set="Shared")
    assert states(shop, "Acme") == [
        ("Production", "Db.Schema", "missing"),
        ("Production", "Tone", "default"),
        ("Test", "Db.Schema", "given"),
        ("Test", "Tone", "default"),
        ("Shared", "Site", "given"),
    ]
    assert states(shop, "Bolt") == [
        ("Test", "Db.Schema", "missing"),
        ("Test", "Tone", "default"),
        ("Shared", "Site", "missing"),
    ]
    assert [one.name for one in tenant_values.of(shop.context, ADMIN, "Bolt").missing] == ["Db.Schema", "Site"]


def test_a_deployment_has_what_its_tenant_gives_and_another_tenants_has_its_own(shop: House) -> None:
    ask_for(shop, SCHEMA, TONE)
    ask_for(shop, SITE, library_set="Shared")
    for tenant in ("Acme", "Bolt"):
        give(shop, tenant, "Db.Schema", f"{tenant}_schema of #{{Site}}")
        give(shop, tenant, "Site", tenant, library_set="Shared")
    give(shop, "Bolt", "Tone", "loud")
    shop.add_release("1.0.0")
    acme, bolt = (deploy(shop, "1.0.0", name, is_forced=True) for name in ("Acme", "Bolt"))
    assert values_in(shop, acme) == {"Db.Schema": "Acme_schema of #{Site}", "Tone": "plain", "Site": "Acme"}
    assert values_in(shop, bolt) == {"Db.Schema": "Bolt_schema of #{Site}", "Tone": "loud", "Site": "Bolt"}
    assert previewed(shop, "Acme")["Db.Schema"][0] == "Acme_schema of Acme"
    assert previewed(shop, "Bolt")["Tone"] == ("loud", "given by Bolt for the template Tone of books")
    assert "default of the template Tone of books" in previewed(shop, "Acme")["Tone"][1]


def test_what_is_missing_refuses_the_deployment_and_says_how_to_give_it(shop: House) -> None:
    ask_for(shop, SCHEMA)
    ask_for(shop, SITE, library_set="Shared")
    shop.add_release("1.0.0")  # goes to Test by itself, for each tenant
    begun = deployments.page(shop.context, ADMIN, tenant="Bolt").items[0].deployment
    assert (begun.outcome, begun.code) == ("refused", "tenant.value_missing")
    before = shop.rows()
    with pytest.raises(Conflict) as raised:
        deploy(shop, "1.0.0", "Bolt")
    assert raised.value.code == "tenant.value_missing" and shop.rows() == before
    for words in ("Bolt", "Db.Schema", "books", "Test", "for 1 more template neither"):
        assert words in raised.value.message
    assert raised.value.hint == "fairlead tenants set-value 'Bolt' 'Db.Schema' -p books -e 'Test'"
    give(shop, "Bolt", "Db.Schema", "bolt")
    with pytest.raises(Conflict) as raised:
        deploy(shop, "1.0.0", "Bolt")
    assert raised.value.hint == "fairlead tenants set-value 'Bolt' 'Site' -l 'Shared'"
    warned = variable_preview.preview(shop.context, ADMIN, "books", Where("Test", tenant="Bolt")).warnings
    assert [one for one in warned if "gives no value for Site" in one and "set-value" in one]
    give(shop, "Bolt", "Site", "here", library_set="Shared")
    assert deploy(shop, "1.0.0", "Bolt").deployment.code == ""


def test_a_value_comes_before_the_projects_own_and_after_one_for_a_target(shop: House) -> None:
    ask_for(shop, SCHEMA)
    ask_for(shop, replace(SCHEMA, default="of the set"), library_set="Shared")
    variables.put(shop.context, ADMIN, "books", "db.schema", "everywhere")
    variables.put(shop.context, ADMIN, "books", "Db.Schema", "in Test", only_in=["Test"])
    give(shop, "Acme", "Db.Schema", "acme")
    assert (
        previewed(shop, "Acme")["Db.Schema"][0] == "acme"
    )  # and before the library set's, which is for no environment
    assert previewed(shop, "")["Db.Schema"][0] == "in Test"
    asked = why.value(shop.context, ADMIN, "books", "Db.Schema", Where("Test", tenant="Acme"))
    said = texts(asked)
    assert [one for one in said if "given by Acme for the template Db.Schema of books" in one and "holds" in one]
    assert [one for one in said if "set what Acme gives as Db.Schema for books in Test" in one]
    assert [one for one in said if "the template Db.Schema of the library set Shared" in one and "more specific" in one]
    give(shop, "Acme", "Db.Schema", None)
    without = why.value(shop.context, ADMIN, "books", "Db.Schema", Where("Test", tenant="Acme"))
    assert "of the set" in without.said


def test_why_says_that_a_template_has_no_value(shop: House) -> None:
    ask_for(shop, SCHEMA)
    told = why.value(shop.context, ADMIN, "books", "db.schema", Where("Test", tenant="Acme"))
    assert "Acme gives no value for Db.Schema (a template of books) in Test" in told.said


def test_releases_freeze_templates_and_deployments_read_values(shop: House) -> None:
    ask_for(shop, SCHEMA)
    give(shop, "Acme", "Db.Schema", "one")
    shop.add_release("1.0.0")
    first = deploy(shop, "1.0.0", "Acme", is_forced=True)
    give(shop, "Acme", "Db.Schema", "two")
    again = deploy(shop, "1.0.0", "Acme", is_forced=True)
    assert (values_in(shop, first), values_in(shop, again)) == ({"Db.Schema": "one"}, {"Db.Schema": "two"})
    assert first.deployment.plan_hash != again.deployment.plan_hash
    deployed = why.value(shop.context, ADMIN, "books", "Db.Schema", Where(), deployment=first.deployment.id)
    assert "'one'" in deployed.said and "given by Acme" in " ".join(texts(deployed))
    ask_for(shop, SITE)
    assert deploy(shop, "1.0.0", "Acme", is_forced=True)  # its templates are those of when it was made
    assert states(shop, "Acme")[-1] == ("Test", "Db.Schema", "left")
    changes = releases.update_variables(shop.context, ADMIN, "books", "1.0.0", is_preview=True).changes
    assert [(one.name, one.old is None, one.new is None) for one in changes] == [
        ("Db.Schema", False, True),
        ("Site", True, False),
    ]
    give(shop, "Acme", "Db.Schema", None)  # what is left can be taken away, and is asked for by the old release alone
    with pytest.raises(Conflict) as raised:
        deploy(shop, "1.0.0", "Acme", is_forced=True)
    assert "gone from books" in raised.value.hint
    refused(shop, "tenant.template_unknown", "Acme", Given("Db.Schema", "x", "books", "Test"))


def test_who_goes_back_has_what_the_tenant_gave_then(shop: House) -> None:
    ask_for(shop, TONE)
    for version, tone in (("1.0.0", "one"), ("1.1.0", "two")):
        give(shop, "Acme", "Tone", tone)
        shop.add_release(version, image=DIGEST if tone == "one" else OTHER_DIGEST)
        go_live(shop, version, "Acme")
    give(shop, "Acme", "Tone", "three")
    back = rolling_back.roll_back(shop.context, ADMIN, "books", "Test", tenant="Acme")
    assert (back.version, values_in(shop, back)) == ("1.0.0", {"Tone": "one"})


def test_a_secret_is_sealed_and_never_told(shop: House) -> None:
    ask_for(shop, KEY)
    give(shop, "Acme", "Api.Key", "hidden-value")
    shop.add_release("1.0.0")
    made = deploy(shop, "1.0.0", "Acme", is_forced=True)
    assert values_in(shop, made) == {"Api.Key": ""}
    with shop.database.reading() as connection:
        held = rows.values_of(connection, tenants.get(shop.context, ADMIN, "Acme").tenant.id).values[0]
        frozen = variable_rows.snapshot(connection, made.deployment.variables).variables
        assert held.secret is not None
        assert [one.secret for one in frozen if one.name == "Api.Key"] == [held.secret]
        assert shop.context.reveal(connection, held.secret) == "hidden-value"
    assert previewed(shop, "Acme")["Api.Key"][0] == "•••"
    asked = tenant_values.of(shop.context, ADMIN, "Acme").asked
    reason = why.value(shop.context, ADMIN, "books", "Api.Key", Where("Test", tenant="Acme"))
    assert "hidden-value" not in f"{asked} {shop.audit()} {reason}"
    give(shop, "Acme", "Api.Key", "hidden-value")  # the same again is no new version
    with shop.database.reading() as connection:
        assert rows.values_of(connection, tenants.get(shop.context, ADMIN, "Acme").tenant.id).values[0] == held
    assert refused(shop, "tenant.value", "Acme", Given("Api.Key", " ", "books", "Test")).thing == "Api.Key"


def test_what_cannot_be_given_is_refused_and_nothing_of_it_is_kept(shop: House) -> None:
    choice = Parameter("Size", type=ParameterType.SELECT, options=("S", "L"), default="S")
    ask_for(shop, SCHEMA, choice)
    ask_for(shop, SITE, library_set="Shared")
    library_sets.add(shop.context, ADMIN, "Other")
    ask_for(shop, SITE, library_set="Other")
    for code, given in (
        ("tenant.template_unknown", Given("Db.Shema", "x", "books", "Test")),
        ("tenant.template_unknown", Given("Site", "x", "books", "Test")),
        ("tenant.not_connected", Given("Db.Schema", "x", "books", "Production")),
        ("tenant.not_connected", Given("Site", "x", library_set="Other")),
        ("tenant.value_place", Given("Db.Schema", "x", "books")),
        ("tenant.value_place", Given("Site", "x", "books", "Test", "Shared")),
        ("tenant.value", Given("Size", "M", "books", "Test")),
        ("tenant.value", Given("Db.Schema", "two\nlines", "books", "Test")),
        ("tenant.value", Given("Db.Schema", "  ", "books", "Test")),
        ("tenant.value_unknown", Given("Db.Schema", None, "books", "Test")),
        ("environment.unknown", Given("Db.Schema", "x", "books", "Nowhere")),
        ("project.unknown", Given("Db.Schema", "x", "nothing", "Test")),
        ("library_set.unknown", Given("Site", "x", library_set="None")),
    ):
        refused(shop, code, "Bolt", Given("Size", "L", "books", "Test"), given)
    assert "Size" in refused(shop, "tenant.template_unknown", "Bolt", Given("X", "x", "books", "Test")).hint
    refused(shop, "tenant.unknown", "Nobody", Given("Size", "L", "books", "Test"))


def test_templates_break_no_rule_and_are_changed_only_as_they_were_read(shop: House) -> None:
    for parameters in (
        [SCHEMA, replace(SCHEMA, name="db.SCHEMA")],
        [Parameter("Größe")],
        [Parameter("Octopus.Site")],
        [Parameter("A", type=ParameterType.SELECT)],
        [replace(KEY, default="in clear")],
    ):
        with pytest.raises(Invalid) as wrong:
            ask_for(shop, *parameters)
        assert wrong.value.code == "tenant.template"
    ask_for(shop, SCHEMA)
    held = tenant_templates.of(shop.context, ADMIN, "books").templates
    ask_for(shop, SCHEMA, TONE)
    with pytest.raises(Conflict) as changed:
        tenant_templates.put(shop.context, ADMIN, "books", [TONE], revision=held.revision)
    assert changed.value.code == "edit.conflict"
    kept = tenant_templates.of(shop.context, ADMIN, "books").templates.templates
    assert [one.id for one in kept][:1] == [held.templates[0].id]


def test_a_connection_that_ends_leaves_its_value_and_what_goes_takes_its_own(shop: House) -> None:
    ask_for(shop, SCHEMA)
    ask_for(shop, SITE, library_set="Shared")
    give(shop, "Acme", "Db.Schema", "acme")
    give(shop, "Acme", "Site", "there", library_set="Shared")
    tenants.connect(shop.context, ADMIN, "Acme", "books", ["Production"])
    assert ("Test", "Db.Schema", "left") in states(shop, "Acme")
    tenants.connect(shop.context, ADMIN, "Acme", "books", ["Test"])
    assert states(shop, "Acme") == [("Test", "Db.Schema", "given"), ("Shared", "Site", "given")]
    press = shop.add_project("press").name
    tenants.connect(shop.context, ADMIN, "Acme", press, ["Test"])
    tenant_templates.put(shop.context, ADMIN, press, [TONE])
    tenant_values.put(shop.context, ADMIN, "Acme", [Given("Tone", "loud", press, "Test")])
    library_sets.exclude(shop.context, ADMIN, "books", "Shared")
    library_sets.remove(shop.context, ADMIN, "Shared")
    projects.remove(shop.context, ADMIN, press)
    with shop.database.reading() as connection:
        assert [[each.name for each in one.values] for one in rows.all_values(connection).values()] == [["Db.Schema"]]
    tenants.remove(shop.context, ADMIN, "Acme")
    with shop.database.reading() as connection:
        assert rows.all_values(connection) == {}


def test_who_may_edit_variables_of_one_tenant_gives_its_values_and_sees_no_other(shop: House) -> None:
    ask_for(shop, SCHEMA)
    give(shop, "Acme", "Db.Schema", "acme")
    bolt = tenants.get(shop.context, ADMIN, "Bolt").tenant.id
    may = frozenset({Permission.VIEW, Permission.VARIABLE_EDIT})
    hers = Actor(ActorId("u"), "her", "user", frozenset(), grants=(Grant(may, tenants=frozenset({bolt})),))
    tenant_values.put(shop.context, hers, "Bolt", [Given("Db.Schema", "bolt", "books", "Test")])
    for work in (
        lambda: tenant_values.put(shop.context, hers, "Acme", [Given("Db.Schema", "x", "books", "Test")]),
        lambda: tenant_values.of(shop.context, hers, "Acme"),
        lambda: variable_preview.preview(shop.context, hers, "books", Where("Test", tenant="Acme")),
        lambda: why.value(shop.context, hers, "books", "Db.Schema", Where("Test", tenant="Acme")),
        lambda: tenant_templates.put(shop.context, hers, "books", []),
    ):
        with pytest.raises(NotAllowed):
            work()
    assert tenant_values.of(shop.context, hers, "Bolt").asked[0].shown == "bolt"


def test_an_old_revision_changes_nothing(shop: House) -> None:
    ask_for(shop, SCHEMA)
    read = tenant_values.of(shop.context, ADMIN, "Acme").revision
    give(shop, "Acme", "Db.Schema", "one")
    with pytest.raises(Conflict) as raised:
        tenant_values.put(shop.context, ADMIN, "Acme", [Given("Db.Schema", "two", "books", "Test")], revision=read)
    assert raised.value.code == "edit.conflict"
    assert tenant_values.of(shop.context, ADMIN, "Acme").asked[1].shown == "one"


def test_a_plan_for_a_tenant_is_that_of_the_deployment_and_is_refused_for_what_is_missing(shop: House) -> None:
    ask_for(shop, SCHEMA)
    shop.add_release("1.0.0")
    outside = outside_of(shop)
    with pytest.raises(Conflict) as raised:
        asyncio.run(foreseeing.preview(shop.context, ADMIN, outside, "books", "1.0.0", "Test", tenant="Acme"))
    assert raised.value.code == "tenant.value_missing"
    give(shop, "Acme", "Db.Schema", "acme")
    before = shop.rows()
    found = asyncio.run(foreseeing.preview(shop.context, ADMIN, outside, "books", "1.0.0", "Test", tenant="Acme"))
    assert shop.rows() == before, "a look leaves nothing behind"
    assert deploy(shop, "1.0.0", "Acme", plan_hash=found.plan.hash).deployment.plan_hash == found.plan.hash
    give(shop, "Acme", "Db.Schema", "other")
    with pytest.raises(FairleadError) as changed:
        deploy(shop, "1.0.0", "Acme", plan_hash=found.plan.hash, is_forced=True)
    assert changed.value.code == "plan.changed"


def test_a_prompted_variable_that_the_tenant_gives_is_not_asked_for(shop: House) -> None:
    ask_for(shop, SCHEMA)
    variables.put(shop.context, ADMIN, "books", "Db.Schema", "x", more=variables.More(prompt=Prompt(is_required=True)))
    variables.put(shop.context, ADMIN, "books", "Note", more=variables.More(prompt=Prompt()))
    give(shop, "Acme", "Db.Schema", "acme")
    shop.add_release("1.0.0")
    asked = prompting.of_release(shop.context, ADMIN, "books", "1.0.0", "Test", tenant="Acme")
    assert [one.variable.name for one in asked] == ["Note"]
    made = deploy(shop, "1.0.0", "Acme", prompted={"Note": "hello"}, is_forced=True)
    assert values_in(shop, made) == {"Db.Schema": "acme"}
    assert [one.variable.value for one in deployments.get(shop.context, ADMIN, made.deployment.id).prompted] == [
        "hello"
    ]
