"""A tenant: a customer, region or site that a project is deployed for; with tags of sets, and where it is connected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import EnvironmentId, ProjectId, TenantId
from fairlead.domain.names import can_be_asked_for

LONGEST_NAME = 100
MOST_TAGS = 500


@dataclass(frozen=True, slots=True)
class TagSet:
    """Tags that belong together, in order: `Region` with `EU` and `US`. A tag is written `Set/Tag`."""

    id: str
    name: str
    tags: tuple[str, ...] = ()
    description: str = ""
    revision: int = 1

    @property
    def written(self) -> tuple[str, ...]:
        """Its tags as they are written everywhere."""
        return tuple(f"{self.name}/{tag}" for tag in self.tags)


@dataclass(frozen=True, slots=True)
class Tenant:
    """`tags` as they are written; `connections` project → the environments in which it has the tenant."""

    id: TenantId
    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    connections: Mapping[ProjectId, tuple[EnvironmentId, ...]] = field(default_factory=dict)
    revision: int = 1


def check_name(name: str, what: str) -> str:
    """Itself; Invalid `input.name`."""
    if len(name) > LONGEST_NAME or not can_be_asked_for(name):
        message = f"a {what} has a name of 1 to {LONGEST_NAME} characters, no slash"
        raise Invalid("input.name", message, thing="name")
    return name.strip()


def known_tags(wanted: Iterable[str], sets: Iterable[TagSet]) -> tuple[str, ...]:
    """The tags as their sets write them, in the order of the sets; Invalid `tenant.tag` for one that no set has."""
    by_key = {tag.lower(): tag for one in sets for tag in one.written}
    asked = {tag.strip().lower() for tag in wanted}
    for tag in sorted(asked):
        if tag not in by_key:
            hint = f"there are: {', '.join(by_key.values())[:300]}" if by_key else "make a set of tags first"
            raise Invalid("tenant.tag", f"no set has the tag {tag[:80]!r}", thing=tag[:80], hint=hint)
    return tuple(tag for key, tag in by_key.items() if key in asked)


def fits(tags: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether a tenant with the tags is meant: tags of one set are alternatives, each set must have one."""
    has = {tag.lower() for tag in tags}
    by_set: dict[str, set[str]] = {}
    for tag in wanted:
        by_set.setdefault(tag.lower().partition("/")[0], set()).add(tag.lower())
    return all(has & alternatives for alternatives in by_set.values())
