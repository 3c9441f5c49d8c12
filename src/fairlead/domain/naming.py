"""The names that a deployment gives to what it makes: derived, never chosen, so that asking twice names the same thing.

Project and environment stand in every name. A dot separates what Fairlead adds from what people named, and no name
that people give may hold one (`domain.names`), so that two things never share a name:

    books-production                         the environment network
    books-production_data                    the volume `data`
    books-production_db                      the accessory `db`
    books-production_db.3f9a1c2e             the same, after it was made again by a deployment
    books-production.blue.3f9a1c2e           a slot network
    books-production_web.blue.3f9a1c2e.1     the first instance of `web` in that slot
    books-production_seed.blue.3f9a1c2e.once a one-shot
    books-production_web.3f9a1c2e.run        a person's command, in a container of `web`
    books-production_web.3f9a1c2e.migrate    the migration, in a container of `web`
    books-production_web.3f9a1c2e.backup     the back-up before it, and `.contraction` the one after it
    books-production.3f9a1c2e.pre-integration  the tests
    books-production.3f9a1c2e.schema         the schema gate's throw-away network
    books-production_web.3f9a1c2e.schema     a service that stands there
    books-production_cache.3f9a1c2e.step     the container of the step `Cache`, of one task on one target
    books-production_back                    the network `back` that a step made

A tenant's things have the tenant after the environment, behind a dot: nothing of an untenanted deployment goes on so.

    books-production.acme                    its environment network; what follows is as above
    books-production.acme_data               its volume `data`

Project `a-b` in environment `c` and project `a` in environment `b-c` would share names; labels tell them apart, and
the second is refused as a stranger's rather than mixed up (law 7).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from fairlead.domain.colour import Colour
from fairlead.domain.names import slug

TAG_LENGTH = 8
HOST_LENGTH = 80
TENANT_LENGTH = 24
STEP_LENGTH = 40
_HASHED = re.compile(r".*-[0-9a-f]{8}")


def tag(deployment: str) -> str:
    """The short form of a deployment's id: the same for ever, and different for the few that exist side by side."""
    return hashlib.sha256(deployment.encode()).hexdigest()[:TAG_LENGTH]


def tenant_slug(name: str) -> str:
    """A tenant's name as it stands in names, 33 characters at most: itself where it can be, else what can be read of
    it with a hash, so that no two tenants share one (their names differ in more than case)."""
    lower, plain = name.lower(), slug(name)
    if plain == lower and len(plain) <= TENANT_LENGTH and not _HASHED.fullmatch(plain):
        return plain
    whole = hashlib.sha256(lower.encode()).hexdigest()[:TAG_LENGTH]
    return f"{plain[:TENANT_LENGTH].strip('-') or 'tenant'}-{whole}"


def where_slug(environment: str, tenant: str | None = None) -> str:
    """An environment, and a tenant in it, as they stand in names."""
    return f"{slug(environment)}.{tenant_slug(tenant)}" if tenant else slug(environment)


def route_name(project: str, environment: str, host: str, path: str, *, tenant: str | None = None) -> str:
    """A route's name at the proxy: by what users type, so that it keeps its name when another service answers it.

    At most 171 characters: a host may be longer than a proxy's names, so its end is told by a hash.
    """
    whole = hashlib.sha256(f"{host}{path}".encode()).hexdigest()[:TAG_LENGTH]
    room = HOST_LENGTH - (len(tenant_slug(tenant)) + 1 if tenant else 0)
    return f"{route_prefix(project, environment, tenant=tenant)}{host[:room].rstrip('.-')}/{whole}"


def route_prefix(project: str, environment: str, *, tenant: str | None = None) -> str:
    """What the names of all routes of the project in the environment begin with."""
    return f"{project}/{where_slug(environment, tenant)}/"


@dataclass(frozen=True, slots=True)
class PlaceNames:
    """Names of what belongs to a project in an environment (and tenant), whichever deployment made it."""

    project: str
    environment: str
    tenant: str | None = None

    @property
    def base(self) -> str:
        """What every name begins with; also the environment network's name."""
        return f"{self.project}-{where_slug(self.environment, self.tenant)}"

    @property
    def _key(self) -> str:
        return f"{self.project}/{self.environment}" + (f"/{self.tenant}" if self.tenant else "")

    @property
    def network(self) -> str:
        """The environment network."""
        return self.base

    @property
    def network_key(self) -> str:
        """The key that the environment network is adopted by."""
        return f"{self._key}/network"

    def volume(self, name: str) -> str:
        """A named volume."""
        return f"{self.base}_{name}"

    def accessory(self, service: str) -> str:
        """An accessory's container, as first made."""
        return f"{self.base}_{service}"

    def step_container(self, action: str, key: str) -> str:
        """The container of an action, by the key that it is adopted by: each task, step and target has its own."""
        short = slug(action)[:STEP_LENGTH].strip("-") or "step"
        return f"{self.base}_{short}.{tag(key)}.step"

    def step_network(self, name: str) -> str:
        """A network that a step makes, by the name that steps call it."""
        return f"{self.base}_{name}"

    def accessory_key(self, service: str) -> str:
        """The key that an accessory as first made is adopted by."""
        return f"{self._key}/accessory/{service}"


@dataclass(frozen=True, slots=True)
class DeploymentNames:
    """Names of what one deployment makes, in the slot of its colour."""

    place: PlaceNames
    deployment: str
    colour: Colour

    @property
    def tag(self) -> str:
        """The deployment's short form."""
        return tag(self.deployment)

    @property
    def slot_network(self) -> str:
        """The slot network."""
        return f"{self.place.base}.{self.colour.value}.{self.tag}"

    def instance(self, service: str, replica: int) -> str:
        """An instance's container; replicas count from 1."""
        return f"{self.place.base}_{service}.{self.colour.value}.{self.tag}.{replica}"

    def instance_alias(self, service: str, replica: int) -> str:
        """How an instance is called in the environment network, and its host name: one DNS label."""
        return f"{service.replace('_', '-')}-{self.colour.value}-{self.tag}-{replica}"

    def one_shot(self, service: str) -> str:
        """A one-shot's container."""
        return f"{self.place.base}_{service}.{self.colour.value}.{self.tag}.once"

    def one_off(self, service: str, task: str) -> str:
        """The container of a person's command, by the task that runs it."""
        return f"{self.place.base}_{service}.{tag(task)}.run"

    def migration(self, service: str) -> str:
        """The migration's container."""
        return f"{self.place.base}_{service}.{self.tag}.migrate"

    def beside_migration(self, service: str, what: str) -> str:
        """The container of the back-up before the migration, or of the contraction after it."""
        return f"{self.place.base}_{service}.{self.tag}.{what}"

    @property
    def schema(self) -> str:
        """The schema gate's network; what runs in it once has this before its own name."""
        return f"{self.place.base}.{self.tag}.schema"

    def in_schema(self, service: str) -> str:
        """A service's container in the schema gate."""
        return f"{self.place.base}_{service}.{self.tag}.schema"

    def tests(self, kind: str) -> str:
        """The container of the tests of that kind."""
        return f"{self.place.base}.{self.tag}.{kind}"

    def accessory_again(self, service: str) -> str:
        """An accessory's container when this deployment makes it again."""
        return f"{self.place.base}_{service}.{self.tag}"

    def key(self, effect: str) -> str:
        """The label key of what the effect of that key makes."""
        return f"{self.deployment}/{effect}"
