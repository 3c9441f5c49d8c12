"""One of everything that files can declare, and the acts of tests of exporting and applying."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.channel import VersionRule
from fairlead.domain.composite import CompositeKind
from fairlead.domain.prompt import Control, Prompt
from fairlead.domain.retention import Keep
from fairlead.domain.variable import Dimension
from fairlead.formats.phase_lines import PhaseLine
from fairlead.formats.process import read_process
from fairlead.ports.hosts import KeyPair as HostKey
from fairlead.usecases import (
    access,
    channels,
    declarations,
    environments,
    federated_credentials,
    freezes,
    groups,
    identity_providers,
    library_sets,
    lifecycles,
    notifications,
    policies,
    processes,
    projects,
    registries,
    roles,
    runbooks,
    subscriptions,
    targets,
    teams,
    triggers,
    users,
    variables,
)
from fairlead.usecases.channels import ChannelWords
from fairlead.usecases.declarations import Planned, Wish
from fairlead.usecases.freezes import Draft as Freeze
from fairlead.usecases.identity_providers import MappedGroup
from fairlead.usecases.lifecycles import Draft
from fairlead.usecases.projects import KeyPair, NewForge, NewSource
from fairlead.usecases.runbooks import Draft as Runbook
from fairlead.usecases.subscriptions import Draft as Subscription
from fairlead.usecases.targets import NewSsh, TargetChange
from fairlead.usecases.teams import HeldRole
from fairlead.usecases.triggers import Draft as Trigger
from fairlead.usecases.variables import InLibrary, More

PROCESS = b"""steps:
  - name: Deploy
    actions: [{name: Services, kind: deploy-services, runs_on: server, required: false}]
guided: true
"""
TIDY = b"steps: [{name: Delete, actions: [{name: Delete, kind: script, properties: {script: 'rm -r cache'}}]}]"


def furnish(house: House) -> None:
    """One of everything, by hand."""
    environments.add(house.context, ADMIN, "Staging", order=2, description='as in production: "nearly"\n')
    registries.put(house.context, ADMIN, "ghcr.io", "bot", "hidden-1")
    forge = NewForge("gitea", "https://forge.test", "team/books", "hidden-2")
    source = NewSource("https://git.test/books.git", password="hidden-3", folder="app")
    projects.add(house.context, ADMIN, "books", title="Büro: 漢字", source=source, forge=forge)
    pair = KeyPair("hidden-4", "ssh-ed25519 AAAA")
    projects.add(house.context, ADMIN, "site", source=NewSource("git@git.test:site.git"), made_key=pair)
    for name, value in {"A": "", "B": "null", "C": "1.0", "D": "a\nb\n", "E": " x: #y\t\x07"}.items():
        variables.put(house.context, ADMIN, "books", name, value)
    variables.put(house.context, ADMIN, "books", "A", "other", only_in=["Test", "Production"])
    variables.put(house.context, ADMIN, "books", "Key", "hidden-5", is_secret=True, only_in=["Test"])
    phases = [
        PhaseLine("First", ("Test",), automatic=True, releases=Keep(3, None)),
        PhaseLine(
            "Late", ("Staging", "Production"), needs_approval=True, minimum=1, files=Keep(), approval_expires_s=3600
        ),
        PhaseLine("Rest", is_optional=True),
    ]
    lifecycles.add(house.context, ADMIN, Draft("Careful", phases, "slowly", Keep(None, 30)))
    targets.add(house.context, ADMIN, "here", only_in=["Test", "Staging"], tags=["web", "db"])
    key = NewSsh("host.test", "deploy", 2222, "-----BEGIN PRIVATE KEY-----\nhidden-9", "ssh-ed25519 " + "A" * 30)
    targets.add(house.context, ADMIN, "there", only_in=["Production"], ssh=key)
    made = HostKey("hidden-10", "ssh-ed25519 BBBB")
    targets.add(house.context, ADMIN, "third", only_in=["Test"], ssh=NewSsh("h.test", "deploy"), made_key=made)
    targets.change(house.context, ADMIN, "here", TargetChange(is_enabled=False))
    words = ChannelWords("Hot fixes", "for the night", "Careful", rules=(VersionRule(("web",), "[1.0,2.0)", tag="^$"),))
    channels.add(house.context, ADMIN, "books", words)
    channels.add(house.context, ADMIN, "site", ChannelWords("Stable", is_default=True))
    groups.add(house.context, ADMIN, "Shops", description="what sells")
    projects.change(house.context, ADMIN, "books", {"group": "Shops"})
    roles.add(house.context, ADMIN, "Night watch", ["view", "task.cancel"], description="at night")
    access.add_user(house.context, ADMIN, "vera", email="vera@example.com", role="deployer")
    users.add_service_account(house.context, ADMIN, "ci")
    trusted = federated_credentials.Draft("ci", "https://ci.test", "us", "repo:us/books:*", {"environment": "at night"})
    federated_credentials.put(house.context, ADMIN, "books", trusted)
    held = [HeldRole("Night watch", ("site", "books"), ("Shops",), ("Test",)), HeldRole("viewer")]
    teams.add(house.context, ADMIN, "Watch", description="of the night", members=["vera", "ci"], held=held)
    put = partial(variables.put, house.context, ADMIN)
    prompt = Prompt("Whom", "a name", control=Control.SELECT, options=("Ada", "Bob"))
    put("books", "Asked", "Ada", more=More("for the log", prompt))
    put("books", "Here", "x", scope={Dimension.CHANNEL: ["Default"], Dimension.PROCESS: ["deployment"]})
    account = More(composite=CompositeKind.USER_PASSWORD, parts={"Username": "bot", "Password": "hidden-7"})
    put("books", "Deployer", more=account)
    library_sets.add(house.context, ADMIN, "Every Project", description="of all")
    put(InLibrary("Every Project"), "Tax", "0.19", scope={Dimension.ENVIRONMENT: ["Test"]})
    put(InLibrary("Every Project"), "Token", "hidden-8", is_secret=True)
    library_sets.include(house.context, ADMIN, "books", "Every Project")
    processes.put(house.context, ADMIN, "books", read_process("p.yml", PROCESS))
    policies.allow(house.context, ADMIN, "books", "privileged", note="for now")
    notifications.add(house.context, ADMIN, "https://hook.test/x", secret="hidden-6", project="books")
    notifications.add(house.context, ADMIN, "ops@example.com", events=["*"])
    mapped = [MappedGroup("night", "Watch")]
    by = identity_providers.Draft("https://login.test", "us", "hidden-11", groups_claim="groups", teams=mapped)
    identity_providers.put(house.context, ADMIN, "ours", by)
    tidy = read_process("t.yml", TIDY)
    runbooks.put(house.context, ADMIN, "books", Runbook("Tidy", "the cache", ["Test"], kept_runs=3, process=tidy))
    runbooks.publish(house.context, ADMIN, "books", "Tidy")
    runbooks.put(house.context, ADMIN, "site", Runbook("Look about", process=tidy))
    triggers.put(house.context, ADMIN, "books", Trigger("Nightly", "0 3 * * *", destination="Test", channel="Default"))
    feast = Freeze("Feast", ends_at=house.clock.now() + timedelta(days=3), projects=["site"], reason="a feast")
    freezes.add(house.context, ADMIN, feast)
    watch = Subscription(
        "Watch", to=["https://hook.test/y"], secret="hidden-11", events=["deployment."], people=["admin"]
    )
    watch = replace(watch, headers={"Authorization": "Bearer hidden-12", "X-Key": "hidden-13"})
    subscriptions.add(house.context, ADMIN, replace(watch, projects=["books"], environments=["Test"]))
    subscriptions.add(house.context, ADMIN, Subscription("Digest", to=["ops@example.com"], schedule="0 8 * * *"))


def new_pair(name: str) -> KeyPair:
    return KeyPair(f"private of {name}", f"ssh-ed25519 {name}")


def planned(house: House, files: dict[str, bytes], **more: object) -> Planned:
    return declarations.plan(house.context, ADMIN, Wish(files, **more))  # type: ignore[arg-type]


def applied(house: House, files: dict[str, bytes], **more: object) -> Planned:
    return declarations.apply(house.context, ADMIN, Wish(files, **more), make_key=new_pair)  # type: ignore[arg-type]


def exported(house: House) -> dict[str, bytes]:
    return {path: text.encode() for path, text in declarations.export(house.context, ADMIN).items()}


def told(planned: Planned) -> list[str]:
    return [f"{change.act} {change.key}" for change in planned.pending.changes]
