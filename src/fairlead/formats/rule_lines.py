"""Version rules a line each, as people write them: ``web,api:[1.0,2.0):^$``; ``maven`` before it for Maven's ranges."""

from __future__ import annotations

from fairlead.domain.channel import VersionRule
from fairlead.domain.errors import Invalid

WORDS = "PACKAGES:RANGE:TAG, for example web,api:[1.0,2.0):^$ or *::^beta"


def read(line: str) -> VersionRule:
    """The rule that the line spells; Invalid `channel.rule` where it spells none."""
    text = line.strip()
    is_maven = text.startswith("maven ")
    packages, sign, rest = text.removeprefix("maven ").strip().partition(":")
    versions, _, tag = rest.partition(":")
    if not sign:
        raise Invalid("channel.rule", f"{line[:120]!r} is not PACKAGES:RANGE:TAG", thing="rules", hint=WORDS)
    named = () if packages.strip() in ("", "*") else tuple(name.strip() for name in packages.split(","))
    return VersionRule(named, versions.strip(), "maven" if is_maven else "nuget", tag)


def written(rule: VersionRule) -> str:
    """The line that `read` reads as the rule."""
    start = "maven " if rule.notation == "maven" else ""
    return f"{start}{','.join(rule.packages) or '*'}:{rule.range}:{rule.tag}"
