"""Readers of the formats: a text becomes a version, or Invalid `input.invalid`.

The rules are those of OctopusDeploy/Versioning (OctopusVersionParser, SemVerFactory, LexicographicSortedVersionParser,
MavenVersionParser, DockerTag); Maven's come from mojohaus's VersionInformation. In short: an Octopus version has up to
four numbers, which may be missing altogether, and any labels; SemVer must have a number and no empty label; a Docker
tag is an Octopus version whose `latest` is no pre-release; a lexicographic one is labels alone; Maven reads anything.
Digits that a letter follows are no number, but a label: ``1.2rc`` is 1 with the label ``2rc``; an underscore ends a
number as a dash does, as Octopus's documentation has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from fairlead.domain.versions.maven_order import MavenOrder
from fairlead.domain.versions.parts import (
    LONGEST,
    Version,
    VersionFormat,
    not_a_version,
    numbers_of,
    rank_of,
    rank_of_labels,
    words,
)

_NUMBER = r"([0-9]+(?![A-Za-z0-9]))\s*"
_OCTOPUS = re.compile(
    rf"\s*(?:[vV]?\s*{_NUMBER}(?:\.\s*{_NUMBER})?(?:\.\s*{_NUMBER})?(?:\.\s*{_NUMBER})?)?"
    r"[._\\-]?(?P<labels>(?P<prefix>[A-Za-z0-9]*?)(?:[._\\-](?P<counter>[A-Za-z0-9._\\-]*?))?)"
    r"(?:\+(?P<metadata>[A-Za-z0-9_.\\+-]*))?\s*"
)
_LABELS = r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
_SEMVER = re.compile(
    r"v?\s*([0-9]+)\s*(?:\.\s*([0-9]+)\s*)?(?:\.\s*([0-9]+)\s*)?(?:\.\s*([0-9]+)\s*)?"
    rf"(?:-(?P<labels>{_LABELS}))?(?:\+(?P<metadata>{_LABELS}))?"
)
_LEXICOGRAPHIC = re.compile(r"(?P<labels>[A-Za-z0-9._\\-]*)(?:\+(?P<metadata>[A-Za-z0-9_.\\+-]*))?\s*")
_MAVEN = re.compile(r"(?P<major>[0-9]+)(?:\.(?P<minor>[0-9]+)(?:\.(?P<patch>[0-9]+))?)?(?P<rest>.*)", re.DOTALL)
_MAVEN_BUILD = re.compile(r"-(?P<build>[0-9]+)(?P<qualifier>.*)", re.DOTALL)
_MAVEN_LIST = re.compile(r"-(?=[0-9])")
MOST_LISTS = 100
"""A dash and a digit may open a list within a list; so deep an order would have no end that we could reach."""
_MAVEN_EARLY = re.compile(r"snapshot$|alpha|beta|milestone|cr|rc|[abm][0-9]", re.IGNORECASE)


def read(text: str | None, format: VersionFormat) -> Version:
    """The version that the text spells in that format."""
    if text is None or not text.strip() or len(text) > LONGEST:
        raise not_a_version(text or "")
    return _READERS[format](text)


def _octopus(text: str) -> Version:
    found = _OCTOPUS.fullmatch(text)
    if not found:
        raise not_a_version(text)
    numbers = numbers_of([found[1], found[2], found[3], found[4]], text)
    labels = found["labels"] or ""
    return Version(
        text.replace(" ", ""),
        numbers,
        rank_of(numbers, words(labels)),
        labels,
        found["metadata"] or "",
        found["prefix"] or "",
        found["counter"] or "",
        is_prerelease=bool(labels),
    )


def _docker(text: str) -> Version:
    version = _octopus(text)
    early = version.is_prerelease and version.text != "latest"
    return replace(version, format=VersionFormat.DOCKER, is_prerelease=early)


def _semver(text: str) -> Version:
    trimmed = text.strip()
    found = _SEMVER.fullmatch(trimmed)
    if not found:
        raise not_a_version(text)
    numbers = numbers_of([found[1], found[2], found[3], found[4]], text)
    labels = found["labels"] or ""
    return Version(
        trimmed.removeprefix("v").replace(" ", "") if " " in trimmed else trimmed,
        numbers,
        rank_of(numbers, labels.split(".") if labels else [], found["metadata"] or ""),
        labels,
        found["metadata"] or "",
        is_prerelease=bool(labels),
        format=VersionFormat.SEMVER,
    )


def _lexicographic(text: str) -> Version:
    found = _LEXICOGRAPHIC.fullmatch(text)
    if not found:
        raise not_a_version(text)
    labels = found["labels"]
    rank = rank_of_labels(words(labels))
    return Version(
        text.replace(" ", ""),
        (0, 0, 0, 0),
        rank,
        labels,
        found["metadata"] or "",
        format=VersionFormat.LEXICOGRAPHIC,
    )


def _maven(text: str) -> Version:
    if len(_MAVEN_LIST.findall(text)) > MOST_LISTS:
        raise not_a_version(text)
    found = _MAVEN.fullmatch(text)
    qualifier, build = text, "0"
    if found:
        rest = found["rest"]
        numbered = _MAVEN_BUILD.fullmatch(rest)
        if numbered:
            build, qualifier = numbered["build"], numbered["qualifier"]
        else:
            qualifier = rest[1:] if rest[:1] in (".", "-") else ""
    parts: list[str | None] = [found["major"], found["minor"], found["patch"]] if found else ["0"]
    qualifier = qualifier if qualifier.strip() else ""
    major, minor, patch, _ = numbers_of(parts, text)
    return Version(
        text,
        (major, minor, patch, numbers_of([build], text)[0]),
        (MavenOrder.of(text),),
        qualifier,
        is_prerelease=_MAVEN_EARLY.match(qualifier) is not None,
        format=VersionFormat.MAVEN,
    )


_READERS: dict[VersionFormat, Callable[[str], Version]] = {
    VersionFormat.OCTOPUS: _octopus,
    VersionFormat.SEMVER: _semver,
    VersionFormat.MAVEN: _maven,
    VersionFormat.DOCKER: _docker,
    VersionFormat.LEXICOGRAPHIC: _lexicographic,
}
