"""Every verb is refused outside of the scope in which its permission is held, and lists show nothing from there."""

from __future__ import annotations

import asyncio
import inspect
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, PROJECT_FILE, House
from tests.unit.usecases.test_permissions import EXCEPTIONS, VERBS

from fairlead.domain.actor import Actor
from fairlead.domain.errors import FairleadError, NotAllowed, NotFound
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId, EnvironmentId
from fairlead.domain.permission import RESTRICTABLE, Permission
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.step_template import TemplateContent, UsedTemplate
from fairlead.domain.variable import Dimension
from fairlead.usecases import (
    approvals,
    audit,
    channels,
    environments,
    freezes,
    groups,
    library_sets,
    notifications,
    policies,
    processes,
    projects,
    releases,
    runbooks,
    runs,
    step_template_users,
    step_templates,
    subscriptions,
    targets,
    teams,
    tenants,
    triggers,
    variable_preview,
    variables,
    why,
)
from fairlead.usecases.values import Where
from fairlead.usecases.variables import InLibrary

ALL = frozenset(Permission)
WITHOUT_PLACE = {
    "projects.add": "a new project belongs to no project yet",
    "cloning.clone": "a new project belongs to no project yet",
    "groups.add": "a group is no project's",
    "groups.change": "a group is no project's: who edits its projects changes it",
    "groups.remove": "a group is no project's",
    "environments.add": "a new environment is in no scope yet",
    "environments.arrange": "the order is of all of them",
    "certificates.ending": "certificates are the installation's",
    "certificates.get": "certificates are the installation's",
    "certificates.page": "certificates are the installation's",
    "subscriptions.add": "a subscription is the installation's, and tells what its owner may view",
    "subscriptions.change": "a subscription is the installation's",
    "subscriptions.get": "a subscription is the installation's",
    "subscriptions.page": "a subscription is the installation's",
    "subscriptions.remove": "a subscription is the installation's",
    "registries.all_of": "credentials are the installation's",
    "audit.export": "the whole audit",
    "audit.verify": "the whole audit",
    "declarations.export": "the whole installation",
    "declarations.plan": "the whole installation",
    "declarations.apply": "the whole installation",
    "notifications.change": "the one here is of the installation",
    "interruptions.answer": "which permission depends on what waits: not found before not allowed",
    "interruptions.give_back": "which permission depends on what waits: not found before not allowed",
    "interruptions.take": "which permission depends on what waits: not found before not allowed",
    "tenants.connect": "a scope of projects and environments says nothing of tenants",
    "tenants.put": "a scope of projects and environments says nothing of tenants",
    "tenants.put_tag_set": "sets of tags are the installation's",
    "tenants.remove": "a scope of projects and environments says nothing of tenants",
    "tenants.remove_tag_set": "sets of tags are the installation's",
}
"""Verbs that need a permission without a scope, and why."""


class Furnished:
    """A project that is live in Test, a project and an environment elsewhere, and arguments by name."""

    def __init__(self, house: House) -> None:
        self.house = house
        context = house.context
        groups.add(context, ADMIN, "Shops")
        self.zebra = projects.add(
            context, ADMIN, "zebra", source=projects.NewSource("https://git.test/b.git"), group="Shops"
        ).project
        variables.put(context, ADMIN, "zebra", "Db.Host", "db")
        self.other = house.add_project("other").id
        self.elsewhere = environments.add(context, ADMIN, "Elsewhere").id
        house.add_release("1.0.0", project="zebra")
        live = house.go_live("1.0.0", project="zebra")
        self.test = live.environment
        self.policy = policies.allow(context, ADMIN, "zebra", "privileged", environment="Test").allowance.id
        subscriptions.add(context, ADMIN, subscriptions.Draft("Watch", to=["ops@example.com"], projects=["zebra"]))
        self.notification = notifications.add(context, ADMIN, "ops@example.com", project="zebra").id
        teams.add(context, ADMIN, "Team")
        self.run = runs.start(context, ADMIN, "zebra", "4be1" * 10).id
        targets.add(context, ADMIN, "far", only_in=["Test"])
        library_sets.add(context, ADMIN, "Set")
        tenants.put(context, ADMIN, tenants.Draft("Acme"))
        template = step_templates.Draft("Dump", TemplateContent("script", {"script": "dump"}))
        step_templates.put(context, ADMIN, template)
        use = Action("Dump", "", template=UsedTemplate("Dump", 1))
        processes.put(context, ADMIN, "zebra", Process((ProcessStep("Dump", (use,)),)))
        step_templates.put(context, ADMIN, replace(template, content=TemplateContent("script", {"script": "cp"})))
        ids = {
            "deployments": live.id,
            "tasks": live.task,
            "approvals": approvals.page(context, ADMIN).items[0].approval.id,
            "policies": self.policy,
            "notifications": self.notification,
            "why": live.id,
            "foreseeing": live.id,
            "release_changes": live.id,
            "retrying": live.id,
            "marking": live.id,
            "runs": self.run,
            "why.run": self.run,
            "tasks.may_resume_deployment": live.id,
        }
        self.ids: Mapping[str, Any] = ids
        self.named: Mapping[str, Any] = {
            "project": "zebra",
            "environment": "Test",
            "version": "1.0.0",
            "service": "web",
            "command": ["ls"],
            "commit": "4be1" * 10,
            "value": "v",
            "images": {},
            "contents": {},
            "seconds": 5.0,
            "most": 100,
            "events": [],
            "address": "ops@example.com",
            "key": "privileged",
            "fields": {"title": "new"},
            "channel": "Default",
            "group": "Shops",
            "role": "viewer",
            "team": "Team",
            "tenant": "Acme",
            "where": Where("Test"),
            "wanted": audit.Wanted(),
            "words": channels.ChannelWords("Hotfix"),
            "process": Process(),
            "owner": "zebra",
            "fingerprint": "x",
        }
        self.drafts: Mapping[str, Any] = {
            "freezes": freezes.Draft("Feast", cron="0 0 1 1 *", lasts_s=60),
            "runbooks": runbooks.Draft("Nightly"),
            "step_templates": template,
            "subscriptions": subscriptions.Draft("Watch", to=["https://watch.test/"], projects=["zebra"]),
            "tenants": tenants.Draft("Acme"),
            "triggers": triggers.Draft("Nightly", "0 3 * * *"),
        }
        self.names: Mapping[str, str] = {
            "projects": "zebra",
            "cloning": "zebra",
            "environments": "Test",
            "groups": "Shops",
            "looking": "zebra",
            "variables": "Db.Host",
            "why": "Db.Host",
            "targets": "far",
            "target_files": "far",
            "library_sets": "Set",
            "lifecycles": "Default",
            "roles": "viewer",
            "step_template_users": "Dump",
            "step_templates": "Dump",
            "subscriptions": "Watch",
            "tenants": "Acme",
        }

    def actor(self, *grants: Grant) -> Actor:
        return Actor(ActorId("usr-eve"), "eve", "user", frozenset(), via="test", grants=grants)

    def arguments(self, verb: str, actor: Actor) -> dict[str, Any]:
        """What stands for each parameter; None for what no refused act comes to."""
        module = verb.partition(".")[0]
        made: dict[str, Any] = {"context": self.house.context, "actor": actor}
        hints = typing.get_type_hints(VERBS[verb])
        for name, parameter in inspect.signature(VERBS[verb]).parameters.items():
            if name in made:
                continue
            if name == "id":
                made[name] = self.ids.get(verb) or self.ids.get(module, "none")
            elif name == "name" and module in self.names:
                made[name] = self.names[module]
            elif name == "wish" and module == "step_template_users":
                made[name] = step_template_users.Wish()
            elif name == "draft":
                made[name] = self.drafts.get(module)
            elif name == "only_in":
                made[name] = ("Test",)
            elif hints[name] is type(self.zebra):
                made[name] = self.zebra
            elif verb == "releases.create" and name == "contents":
                made[name] = {"fairlead.yml": PROJECT_FILE.format(name="zebra", image=DIGEST, more="").encode()}
            elif name in self.named and parameter.default is inspect.Parameter.empty:
                made[name] = self.named[name]
            elif parameter.default is inspect.Parameter.empty:
                kind = typing.get_origin(hints[name]) or hints[name]
                made[name] = {Mapping: {}, Sequence: (), str: "x"}.get(kind)
        return made


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    house = House(tmp_path_factory.mktemp("scopes"))
    yield Furnished(house)
    house.close()


class Untouched:
    """A furnished house in which nothing was changed; a new one only where the last asker changed something."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._held: Furnished | None = None
        self._rows: Mapping[str, int] = {}

    def get(self) -> Furnished:
        if self._held is None or self._held.house.rows() != self._rows:
            self.close()
            self._held = Furnished(House(self._factory.mktemp("inside")))
            self._rows = self._held.house.rows()
        return self._held

    def close(self) -> None:
        if self._held is not None:
            self._held.house.close()


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Untouched]:
    made = Untouched(tmp_path_factory)
    yield made
    made.close()


def ask(furnished: Furnished, verb: str, actor: Actor) -> Any:
    """What the verb tells."""
    told = VERBS[verb](**furnished.arguments(verb, actor))
    return asyncio.run(told) if inspect.iscoroutine(told) else told


OF_NO_PROJECT = {
    "packages.opened": "the feed is the installation's",
    "packages.get": "the feed is the installation's",
    "packages.push": "the feed is the installation's",
    "packages.remove": "the feed is the installation's",
    "packages.receive": "the feed is the installation's",
    "build_information.get": "it belongs to a package, which is no project's",
    "build_information.push": "it belongs to a package, which is no project's",
    "build_information.remove": "it belongs to a package, which is no project's",
    "interruptions.answer": "here nothing waits: not found before not allowed",
    "interruptions.get": "here nothing waits: not found before not allowed",
    "interruptions.give_back": "here nothing waits: not found before not allowed",
    "interruptions.take": "here nothing waits: not found before not allowed",
    "defects.resolve": "here nothing is held back: not found before not allowed",
    "freezes.get": "here nothing is frozen: not found before not allowed",
    "scheduling.cancel": "here nothing is for later: not found before not allowed",
}
"""What anybody may who may it anywhere."""
ASKED = sorted(set(VERBS) - set(EXCEPTIONS))


@pytest.mark.parametrize("verb", [verb for verb in ASKED if verb not in OF_NO_PROJECT])
def test_a_verb_reaches_nothing_outside_of_its_scope(furnished: Furnished, verb: str) -> None:
    """Who may everything in another project and another environment is refused, or shown nothing of this one."""
    eve = furnished.actor(Grant(ALL, frozenset({furnished.other}), frozenset({furnished.elsewhere})))
    before = furnished.house.rows()
    try:
        told = repr(ask(furnished, verb, eve))
    except NotAllowed as error:
        assert error.code == "permission.denied"
    else:
        for secret in ("zebra", furnished.zebra.id, furnished.policy, furnished.notification, furnished.test):
            assert secret not in told, f"{verb} shows {secret} to somebody who may not view it"
    assert furnished.house.rows() == before


def _has_place(verb: str) -> bool:
    parameters = inspect.signature(VERBS[verb]).parameters
    if "environment" in parameters:
        return parameters["environment"].default is inspect.Parameter.empty
    return verb.partition(".")[0] in ("deployments", "tasks", "approvals") and "id" in parameters


PLACED = [verb for verb in ASKED if _has_place(verb)]


@pytest.mark.parametrize("verb", [verb for verb in PLACED if verb != "places.retire"])
def test_a_verb_of_a_place_is_refused_in_another_environment(furnished: Furnished, verb: str) -> None:
    eve = furnished.actor(Grant(ALL, frozenset({furnished.zebra.id}), frozenset({furnished.elsewhere})))
    before = furnished.house.rows()
    with pytest.raises(NotAllowed):
        ask(furnished, verb, eve)
    assert furnished.house.rows() == before


@pytest.mark.parametrize("verb", [verb for verb in ASKED if verb not in WITHOUT_PLACE])
def test_a_verb_is_not_refused_inside_of_its_scope(untouched: Untouched, verb: str) -> None:
    """So that what the tests above see is the scope. What else may be wrong with the arguments is said after that."""
    furnished = untouched.get()
    places = frozenset({str(furnished.test)})
    eve = furnished.actor(Grant(ALL, frozenset({furnished.zebra.id})), Grant(ALL, environments=places))
    with suppress(FairleadError, AttributeError, TypeError):
        try:
            ask(furnished, verb, eve)
        except NotAllowed as error:
            assert not RESTRICTABLE[Permission(error.thing)], f"{verb} is refused inside of its scope: {error}"


def test_the_exceptions_are_verbs() -> None:
    assert set(WITHOUT_PLACE) <= set(VERBS)
    assert len(PLACED) > 10


def test_who_may_view_one_environment_sees_its_cells_alone(furnished: Furnished) -> None:
    from fairlead.usecases import overview

    eve = furnished.actor(Grant(frozenset({Permission.VIEW}), environments=frozenset({str(furnished.test)})))
    grid = overview.grid(furnished.house.context, eve)
    assert [one.name for one in grid.environments] == ["Test"]
    assert {project.name for project in grid.projects} == {"zebra", "other"}
    both = (
        Grant(frozenset({Permission.VIEW}), frozenset({furnished.zebra.id}), frozenset({EnvironmentId("none")})),
        Grant(frozenset({Permission.VIEW}), frozenset({furnished.other}), frozenset({furnished.test})),
    )
    grid = overview.grid(furnished.house.context, furnished.actor(*both))
    assert grid.cells[(furnished.zebra.id, furnished.test)].live_version == ""


@pytest.fixture
def scoped(furnished: Furnished) -> Furnished:
    """With values for Test, for an environment elsewhere, for both, for everywhere, and for a tenant."""
    put, context = variables.put, furnished.house.context
    for name, value, only_in in (
        ("Db.Host", "here", ["Test"]),
        ("Db.Host", "HIDDEN", ["Elsewhere"]),
        ("Of.Both", "shared", ["Test", "Elsewhere"]),
        ("Of.Elsewhere", "HIDDEN", ["Elsewhere"]),
    ):
        put(context, ADMIN, "zebra", name, value, only_in=only_in)
    put(context, ADMIN, "zebra", "Of.Acme", "for Acme", scope={Dimension.TENANT: ["Acme"]})
    put(context, ADMIN, InLibrary("Set"), "Of.Set", "HIDDEN", only_in=["Elsewhere"])
    library_sets.include(context, ADMIN, "zebra", "Set")
    return furnished


def test_who_may_view_one_environment_sees_no_variable_that_is_for_others_alone(scoped: Furnished) -> None:
    context = scoped.house.context
    eve = scoped.actor(Grant(frozenset({Permission.VIEW}), environments=frozenset({str(scoped.test)})))
    held = variables.page(context, eve, "zebra")
    assert [one.value for one in held.items] == ["db", "here", "shared", "for Acme"]
    first = variables.page(context, eve, "zebra", limit=3)
    second = variables.page(context, eve, "zebra", after=first.after, limit=3)
    assert (*first.items, *second.items) == held.items and second.after is None
    assert [one.name for one in variables.page(context, eve, "zebra", search="ACME").items] == ["Of.Acme"]
    assert [one.value for one in variables.named(context, eve, "zebra", "db.host")] == ["db", "here"]
    assert variables.page(context, eve, InLibrary("Set")).items == ()
    shown = variable_preview.preview(context, eve, "zebra", Where("Test"))
    assert [one.name for one in shown.page.items] == ["Db.Host", "Of.Acme", "Of.Both"]
    assert "HIDDEN" not in repr(shown)
    seen = releases.update_variables(context, eve, "zebra", "1.0.0", is_preview=True)
    assert "HIDDEN" not in repr(seen) and {one.new for one in seen.changes} == {"here", "shared", "for Acme"}
    assert seen.hidden == 3


def test_why_a_value_holds_is_told_of_what_may_be_viewed(scoped: Furnished) -> None:
    context = scoped.house.context
    eve = scoped.actor(Grant(frozenset({Permission.VIEW}), environments=frozenset({str(scoped.test)})))
    assert "HIDDEN" not in repr(why.value(context, eve, "zebra", "Db.Host", Where("Test")))
    with pytest.raises(NotFound):
        why.value(context, eve, "zebra", "Of.Elsewhere", Where("Test"))
    with pytest.raises(NotAllowed):
        why.value(context, eve, "zebra", "Db.Host", Where("Elsewhere"))
    with pytest.raises(NotAllowed):
        why.value(context, eve, "zebra", "Db.Host", Where("Elsewhere"), version="1.0.0")


def test_who_may_view_one_tenant_sees_no_variable_that_is_for_others_alone(scoped: Furnished) -> None:
    context = scoped.house.context
    other = str(tenants.put(context, ADMIN, tenants.Draft("Globex")).tenant.id)
    eve = scoped.actor(Grant(frozenset({Permission.VIEW}), tenants=frozenset({other})))
    assert "Of.Acme" not in [one.name for one in variables.page(context, eve, "zebra").items]
    its = str(tenants.get(context, ADMIN, "Acme").tenant.id)
    acme = scoped.actor(Grant(frozenset({Permission.VIEW}), tenants=frozenset({its})))
    assert "Of.Acme" in [one.name for one in variables.page(context, acme, "zebra").items]


def test_who_may_view_everything_is_shown_every_value(scoped: Furnished) -> None:
    context = scoped.house.context
    assert "HIDDEN" in repr(variables.page(context, ADMIN, "zebra"))
    assert "HIDDEN" in repr(variable_preview.preview(context, ADMIN, "zebra", Where("Test")))
    assert "HIDDEN" in repr(why.value(context, ADMIN, "zebra", "Db.Host", Where("Test")))
