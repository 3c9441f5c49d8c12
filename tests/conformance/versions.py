"""Cases of versions: read, compared, ranged and masked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.conformance.judging import Case, Shape, Verdict, each, lists

from fairlead.domain.errors import FairleadError, Invalid
from fairlead.domain.version import Version, VersionFormat, read
from fairlead.domain.versions.masks import apply_mask, latest_masked_all, read_mask
from fairlead.domain.versions.maven_coordinates import MavenCoordinates, read_coordinates
from fairlead.domain.versions.ranges import VersionRange, maven_range, nuget_range

REFUSED = "refused"
ERRORS = ("parse_error", "maven_range_error", "nuget_range_error", "apply_mask_error")


def judge(file: Mapping[str, Any]) -> Iterator[Verdict]:
    """A verdict for each case of the file."""
    return each(file["cases"], lambda case: [_verdict(case)])


def _verdict(case: Case) -> Verdict:
    expected = case.get("expected", case.get("expected_set", REFUSED if case["kind"] in ERRORS else True))
    try:
        came = KINDS[case["kind"]](case) if case["kind"] in KINDS else f"no kind is called {case['kind']}"
    except FairleadError as failed:
        came = REFUSED if expected == REFUSED else f"{REFUSED}: {failed}"
    return Verdict(case["name"], _holds(expected, came), expected, came)


def _parts(case: Case) -> object:
    """The parts that the case asks for. A text that is refused has empty ones, as upstream's TryParse gives them."""
    try:
        version = _read(case["input"], case["format"])
    except Invalid:
        version = None
    return {name: _part(version, name) for name in case["expected"]}


def _part(version: Version | None, name: str) -> object:
    if version is None:
        return 0 if name in NUMBERS else False if name in FLAGS else ""
    if name in NUMBERS:
        return version.numbers[NUMBERS.index(name)]
    return PARTS[name](version)


NUMBERS = ("Major", "Minor", "Patch", "Revision")
FLAGS = ("HasMetadata", "IsPrerelease")
PARTS: dict[str, Callable[[Version], object]] = {
    "Release": lambda version: version.prerelease,
    "ReleasePrefix": lambda version: version.prefix,
    "ReleaseCounter": lambda version: version.counter,
    "Metadata": lambda version: version.metadata,
    "HasMetadata": lambda version: bool(version.metadata),
    "IsPrerelease": lambda version: version.is_prerelease,
    "OriginalString": lambda version: version.text,
    "ToString": str,
}


def _compare(case: Case) -> object:
    left, right = _read(case["a"], case["format"]), _read(case["b"], case["format"])
    return (left > right) - (left < right)


def _equals(case: Case) -> object:
    left, right = _read(case["a"], case["format"]), _read(case["b"], case["format"])
    return hash(left) == hash(right) if case.get("via") == "GetHashCode" else left == right


def _reads(case: Case) -> object:
    try:
        _read(case["input"], case["format"])
    except Invalid:
        return False
    return True


def _agrees(case: Case) -> object:
    return len({_part(_read(case["input"], format), case["attr"]) for format in case["formats"]}) == 1


def _range(case: Case) -> object:
    found = _range_of(case["range"])
    return {path: _of_range(found, path) for path in case["expected"]}


def _range_of(spec: Any) -> VersionRange:
    if isinstance(spec, str):
        return maven_range(spec)
    one, other = spec["restrict"]
    return _range_of(one).restricted(_range_of(other))


def _of_range(found: VersionRange, path: str) -> object:
    name, dot, rest = path.partition(".")
    if name.startswith("Restrictions"):
        if rest == "Count":
            return len(found.intervals)
        interval = found.intervals[int(name.removeprefix("Restrictions[").removesuffix("]"))]
        bound, _, _ = rest.partition(".")
        value: object = getattr(interval, BOUNDS[bound])
        return str(value) if rest.endswith(".ToString") else value
    match name:
        case "ToString":
            return str(found)
        case "IsSelectedVersionKnown":
            return found.recommended is not None
        case "RecommendedVersion" | "GetSelectedVersion":
            return str(found.recommended) if dot and found.recommended else found.recommended
        case "HasRestrictions":
            return bool(found.intervals) and found.recommended is None
        case _:
            raise ValueError(f"nothing is called {path}")


BOUNDS = {
    "LowerBound": "lower",
    "UpperBound": "upper",
    "IsLowerBoundInclusive": "is_lower_in",
    "IsUpperBoundInclusive": "is_upper_in",
}


def _mask_part(case: Case) -> object:
    """Where a case does not say among which versions the mask is to look, it looks for the one that it expects."""
    if case["attr"] == "IsMask":
        return read_mask(case["mask"]).is_mask
    expected = case.get("expected")
    return _first(case["mask"], case.get("versions") or ([expected] if expected else []))


def _mask_applied(case: Case) -> object:
    latest = case.get("latest_version")
    return str(apply_mask(case["mask"] or "", None if latest is None else _read(latest, "octopus")))


def _latest(case: Case) -> object:
    return _first(case["mask"], case["versions"])


def _first(mask: str, texts: list[str]) -> str | None:
    """Of equal ones the first is meant."""
    return next(iter(_texts(latest_masked_all(mask, _versions(texts)))), None)


def _package(case: Case) -> object:
    args = case["args"]
    found = read_coordinates(args[0]) if len(args) == 1 else MavenCoordinates(*args)
    return {name: getattr(found, name.lower()) for name in case["expected"]}


KINDS: dict[str, Callable[[Case], object]] = {
    "parse": _parts,
    "parse_ok": _reads,
    "parse_error": lambda case: str(_read(case["input"], case["format"])),
    "compare": _compare,
    "equals": _equals,
    "attr_agrees": _agrees,
    "maven_range": _range,
    "maven_range_contains": lambda case: maven_range(case["range"]).holds(_read(case["version"], "maven")),
    "maven_range_error": lambda case: str(maven_range(case["range"])),
    "nuget_range_contains": lambda case: nuget_range(case["range"]).holds(_read(case["version"], "octopus")),
    "nuget_range_error": lambda case: str(nuget_range(case["range"])),
    "mask_attr": _mask_part,
    "apply_mask": _mask_applied,
    "apply_mask_error": _mask_applied,
    "latest_masked_version": _latest,
    "latest_masked_versions": lambda case: _texts(latest_masked_all(case["mask"], _versions(case["versions"]))),
    "maven_package_id": _package,
}


def _read(text: str | None, format: str) -> Version:
    return read(text, VersionFormat(format))


def _texts(versions: Sequence[Version]) -> list[str]:
    return [str(version) for version in versions]


def _versions(texts: list[str]) -> list[Version]:
    return [_read(text, "octopus") for text in texts]


def _holds(expected: object, came: object) -> bool:
    if expected in ("<0", ">0") and isinstance(came, int):
        return came < 0 if expected == "<0" else came > 0
    if isinstance(expected, list) and isinstance(came, list):
        return sorted(expected) == sorted(came)
    return expected == came and isinstance(expected, bool) == isinstance(came, bool)


def _fits(file: Mapping[str, Any]) -> bool:
    return lists(file, lambda case: case.get("kind") in KINDS)


SHAPE = Shape("versions", _fits, judge)
