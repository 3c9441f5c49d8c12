"""A channel: a line of releases of a project, with its own lifecycle where it names one, and rules of versions.

The rules are Octopus's (docs.octopus.com, "Channels", version rules): a rule names packages, a range, and an expression
that is searched in the pre-release tag; every rule that covers a package must let its version pass. They are asked
when a release is made, and never again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import ChannelId, LifecycleId, ProjectId
from fairlead.domain.template.filters.patterns import compiled
from fairlead.domain.version import Version, VersionFormat, parse, read
from fairlead.domain.versions.ranges import VersionRange, maven_range, nuget_range

DEFAULT_NAME = "Default"
LONGEST_NAME = 100
LONGEST_TAG = 200
MOST_RULES = 50
MOST_PACKAGES = 100

RangeNotation: TypeAlias = Literal["nuget", "maven"]


@dataclass(frozen=True, slots=True)
class VersionRule:
    """Which versions of which `packages` (services or packages by name; none named: all) a channel takes. `range` ""
    is any; `tag` "" is any pre-release tag, else an expression that is searched in ``prerelease[+metadata]``, in any
    letter case with Maven's notation."""

    packages: tuple[str, ...] = ()
    range: str = ""
    notation: RangeNotation = "nuget"
    tag: str = ""

    def covers(self, package: str) -> bool:
        """Whether the rule is about the package."""
        return not self.packages or package.lower() in {name.lower() for name in self.packages}

    def objection(self, version: str) -> str:
        """Why the version does not pass; "" where it does."""
        if not version:
            return "its version is not known"
        try:
            found = _read(version, self.notation)
        except Invalid:
            return "it is not a version"
        if self.range and not _range(self.range, self.notation).holds(found):
            return f"it is not in {self.range}"
        if self.tag and not _searched(self.tag, tag_of(found), self.notation):
            return f"its tag {tag_of(found)!r} does not match {self.tag}"
        return ""

    def __str__(self) -> str:
        said = [self.range] if self.range else []
        said += [f"tag {self.tag}"] if self.tag else []
        return f"{', '.join(self.packages) or 'all packages'}: {' and '.join(said) or 'any version'}"


@dataclass(frozen=True, slots=True)
class Channel:
    """`lifecycle` None means the project's. Each project has exactly one default channel, made with it.

    `tenant_tags` are those whose tenants its releases are for (``Set/Tag``); none: for all.
    """

    id: ChannelId
    project: ProjectId
    name: str = DEFAULT_NAME
    lifecycle: LifecycleId | None = None
    is_default: bool = True
    description: str = ""
    rules: tuple[VersionRule, ...] = ()
    tenant_tags: tuple[str, ...] = ()
    revision: int = 1


def tag_of(version: Version) -> str:
    """What a rule's expression is searched in: the pre-release without its dash, and the metadata with its plus."""
    return version.prerelease + (f"+{version.metadata}" if version.metadata else "")


def objections(channel: Channel, packages: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each rule that a package's version breaks, with the rule and the version; `packages` name →
    version, "" where it is not known."""
    for number, rule in enumerate(channel.rules, 1):
        for name, version in packages.items():
            why = rule.objection(version) if rule.covers(name) else ""
            if why:
                shown = f"{name} {version}".strip()
                yield f"rule {number} of the channel {channel.name} ({rule}) does not take {shown}: {why}"


def in_order_of_choice(channels: Sequence[Channel]) -> list[Channel]:
    """The default first, then by name: the first that takes all versions is the one of a release that names none."""
    return sorted(channels, key=lambda channel: (not channel.is_default, channel.name.lower()))


def check_rules(rules: Sequence[VersionRule]) -> None:
    """Invalid `channel.rule`, with the rule's number, where one cannot be asked."""
    if len(rules) > MOST_RULES:
        raise _not_a_rule(f"a channel has {MOST_RULES} rules at most")
    for number, rule in enumerate(rules, 1):
        if len(rule.packages) > MOST_PACKAGES or not all(0 < len(name) <= LONGEST_NAME for name in rule.packages):
            raise _not_a_rule(f"rule {number} names too many packages, or one without a name")
        if rule.range:
            try:
                _range(rule.range, rule.notation)
            except Invalid as error:
                raise _not_a_rule(f"rule {number}: {error.message}") from error
        if len(rule.tag) > LONGEST_TAG or (rule.tag and compiled(rule.tag) is None):
            raise _not_a_rule(f"rule {number}: {rule.tag[:80]!r} is not a regular expression")
        if not rule.range and not rule.tag:
            raise _not_a_rule(f"rule {number} has neither a range nor a tag")


def _read(version: str, notation: RangeNotation) -> Version:
    return parse(version) if notation == "nuget" else read(version, VersionFormat.MAVEN)


def _range(text: str, notation: RangeNotation) -> VersionRange:
    return nuget_range(text) if notation == "nuget" else maven_range(text)


def _searched(expression: str, text: str, notation: RangeNotation) -> bool:
    """Maven's qualifiers are the same in any letter case (OctopusDeploy/Versioning, MavenVersionRuleSpecification)."""
    pattern = compiled(expression, knows_case=notation != "maven")
    return pattern is not None and bool(pattern.is_in(text))


def _not_a_rule(message: str) -> Invalid:
    return Invalid("channel.rule", message, thing="rules", hint="for example a range [1.0,2.0) and a tag ^$ or ^beta")
