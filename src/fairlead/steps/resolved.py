"""What a deployment's plan is made from: everything known before it starts, gathered by the binder under the lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fairlead.domain.colour import Colour
from fairlead.domain.deployment import DeploymentKind
from fairlead.domain.ids import DeploymentId, ReleaseId
from fairlead.domain.naming import DeploymentNames, PlaceNames
from fairlead.domain.process import DEFAULT_PARALLELISM
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.service import Definition, Role
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place
from fairlead.ports.proxy import RouteSpec, RouteState

Presence: TypeAlias = Literal["absent", "stopped", "running"]


@dataclass(frozen=True, slots=True)
class StandingInstance:
    """One container that stands in a slot, as the engine tells it (`steps.standing` reads it from the labels).

    `layer` is its place in the order of starting (0 first); it is stopped in the reverse order. `address` and `port`
    are its endpoint as chosen when it was made; port 0 has none.
    """

    name: str
    service: str
    role: Role
    container: str
    is_running: bool
    address: str = ""
    port: int = 0
    layer: int = 0
    grace_s: float = 10.0
    drain_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A slot and what stands in it. Workers and recreate services of a standby are there, stopped."""

    slot: Slot
    instances: tuple[StandingInstance, ...] = ()

    def of(self, *roles: Role) -> tuple[StandingInstance, ...]:
        """The instances of these roles, ordered by name."""
        return tuple(sorted((one for one in self.instances if one.role in roles), key=lambda one: one.name))


@dataclass(frozen=True, slots=True)
class AccessoryState:
    """An accessory as found. `configuration` is the hash on its label (`steps.blueprint.configuration_hash`)."""

    name: str
    presence: Presence
    configuration: str = ""
    grace_s: float = 10.0


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    """A route of this release and the service that answers it; `spec.name` is `domain.naming.route_name`'s."""

    service: str
    spec: RouteSpec


@dataclass(frozen=True, slots=True)
class ProxyFacts:
    """Where users reach the proxy. `address` is what a test container resolves a route's host to; on loopback only,
    that container uses the host's network."""

    address: str = "127.0.0.1"
    is_loopback: bool = True
    http_port: int = 80
    https_port: int = 443


@dataclass(frozen=True, slots=True)
class RoomRule:
    """What must stay free on the host beside what the idle slot needs. `assumed_bytes` is taken for an instance that
    states neither limit nor reservation and was never measured."""

    memory_reserve_bytes: int = 128 * 1024**2
    disk_reserve_bytes: int = 1024**3
    assumed_bytes: int = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class LiveRelease:
    """The release that users reach now, compiled as it is deployed: its services, images and tests, for the schema
    gate, which asks whether it goes on working."""

    version: str
    definition: Definition
    images: Mapping[str, str]
    test_image: str = ""


@dataclass(frozen=True, slots=True)
class ResolvedDeployment:
    """One release against one place, as it is now.

    What the intention covers (law 4): `release`, `version`, `definition` (its variables' values and secret versions in
    it), `images`, `test_image`, `variables`, `recreate_accessories`, `standby_s`. All else is the present state.

    place          project, environment (by name), tenant
    definition     the project file compiled for this environment; secrets are references
    images         service → repository@sha256:…, for every service of the definition
    test_image     the tests' image by digest; "" where the release has no tests
    colour         the slot to fill (for a rollback onto a standby: the one that stands by)
    slots          both slots with what stands in them now
    environment_subnet, slot_subnet   claimed for this deployment (`domain.placement.claim`); the first is ignored
                   where the environment network exists
    routes         of this release, in order; the first is what tests get as TEST_URL
    routes_before  every route of the place as the proxy tells it now
    variables      the id of the variable snapshot
    allowed_harms  harm key → who allowed it, for the harms of the definition (the binder refused the others)
    accessories    as found, by service
    recreate_accessories   those to be made again although they run
    standby_s      how long the old release stands by; None takes the longest that a routed service states
    measured_memory   service → bytes that an instance of it used, where known
    logins         for registries that are not Fairlead's own
    before         the release that is live, where the migration names a database; None where nothing is, or where it
                   cannot be compiled any more
    pool           where subnets of throw-away networks come from
    acquire_at_once   how many images are pulled side by side
    cautions       a sentence for each host of https without a certificate that holds, and where going back meets a
                   schema that the live release has contracted
    """

    deployment: DeploymentId
    number: int
    place: Place
    release: ReleaseId
    version: str
    definition: Definition
    images: Mapping[str, str]
    colour: Colour
    slots: Mapping[Colour, Standing]
    environment_subnet: str
    slot_subnet: str
    kind: DeploymentKind = "deployment"
    test_image: str = ""
    routes: tuple[PlannedRoute, ...] = ()
    routes_before: tuple[RouteState, ...] = ()
    variables: str = ""
    allowed_harms: Mapping[str, str] = field(default_factory=dict)
    accessories: Mapping[str, AccessoryState] = field(default_factory=dict)
    recreate_accessories: frozenset[str] = frozenset()
    proxy: ProxyFacts = field(default_factory=ProxyFacts)
    logins: tuple[RegistryLogin, ...] = ()
    standby_s: float | None = None
    measured_memory: Mapping[str, int] = field(default_factory=dict)
    room: RoomRule = field(default_factory=RoomRule)
    is_forced: bool = False
    cautions: tuple[str, ...] = ()
    targets: tuple[str, ...] = ("local",)
    before: LiveRelease | None = None
    pool: str = ""
    acquire_at_once: int = DEFAULT_PARALLELISM

    @property
    def names(self) -> DeploymentNames:
        """The names of what this deployment makes."""
        return DeploymentNames(self.place_names, self.deployment, self.colour)

    @property
    def place_names(self) -> PlaceNames:
        """The names of what belongs to the place."""
        return PlaceNames(self.place.project, self.place.environment, self.place.tenant)

    @property
    def idle(self) -> Standing:
        """The slot to fill."""
        return self.slots.get(self.colour, Standing(Slot(self.colour)))

    @property
    def live(self) -> Standing | None:
        """The slot that users reach now; None at the first deployment."""
        other = self.slots.get(self.colour.other)
        return other if other is not None and other.slot.state is SlotState.LIVE else None

    @property
    def is_switch_alone(self) -> bool:
        """Whether the release stands by in the slot, whole and running, so that a rollback need only switch."""
        return self.has_stood_by and not self.lacking

    @property
    def has_stood_by(self) -> bool:
        """Whether this is a rollback to what is recorded as standing by in the slot."""
        slot = self.idle.slot
        return self.kind == "rollback" and slot.state is SlotState.STANDBY and slot.release == self.release

    @property
    def lacking(self) -> tuple[str, ...]:
        """What of the release does not stand in the slot as a standby does (somebody stopped or removed it), in words:
        what users reach runs, what cannot stand twice is there."""
        found: list[str] = []
        for service in self.definition.services:
            is_warm = service.role in (Role.ROUTED, Role.INTERNAL)
            if not is_warm and service.role not in (Role.WORKER, Role.RECREATE):
                continue
            its = [one for one in self.idle.instances if one.service == service.name]
            there, wanted = sum(one.is_running or not is_warm for one in its), max(len(its), service.replicas)
            if there < wanted:
                found.append(f"{service.name} {'runs' if is_warm else 'has'} {there} of {wanted}")
        return tuple(found)

    @property
    def contracts(self) -> bool:
        """Whether the schema is contracted once the old release is gone: going back contracts nothing."""
        migration = self.definition.migration
        return migration is not None and migration.after_retire is not None and self.kind != "rollback"

    @property
    def keeps_standby_s(self) -> float:
        """How long the old release is kept warm; 0 retires it at once. What contracts the schema would break a
        standby: then there is none."""
        if self.contracts:
            return 0.0
        if self.standby_s is not None:
            return self.standby_s
        return max((service.standby_s for service in self.definition.services if service.routes), default=0.0)
