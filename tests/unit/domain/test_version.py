"""Versions: read, ordered, counted on."""

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.version import VersionFormat, next_version, parse, read


@pytest.mark.parametrize(
    ("text", "numbers", "prerelease", "metadata"),
    [
        ("1", (1, 0, 0, 0), "", ""),
        ("1.2.3", (1, 2, 3, 0), "", ""),
        ("v0.0.1", (0, 0, 1, 0), "", ""),
        ("3.1.4.1592", (3, 1, 4, 1592), "", ""),
        ("1.0.0-rc.1+build.1", (1, 0, 0, 0), "rc.1", "build.1"),
        ("1.2.3----RC-SNAPSHOT.12.9.1--.12", (1, 2, 3, 0), "---RC-SNAPSHOT.12.9.1--.12", ""),
        ("1_2_4", (1, 0, 0, 0), "2_4", ""),
        ("1.2.3_hot", (1, 2, 3, 0), "hot", ""),
        ("1.2.3hot", (1, 2, 0, 0), "3hot", ""),
        ("1.1.2+meta", (1, 1, 2, 0), "", "meta"),
    ],
)
def test_a_version_is_read(text: str, numbers: tuple[int, ...], prerelease: str, metadata: str) -> None:
    version = parse(text)
    assert (version.numbers, version.prerelease, version.metadata) == (numbers, prerelease, metadata)
    assert str(version) == text


@pytest.mark.parametrize(
    "text", ["", " ", "x", "1.2.3-hi?there", "1.2.3-hi\tthere", "1.1.1.2147483648", "9" * 40, "-1", "1.0;rm", "1.0\n2"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse(text)
    assert raised.value.code == "input.invalid"


def test_the_order_is_octopus_order() -> None:
    ordered = [
        "0.9",
        "1.0.0-1",
        "1.0.0-2",
        "1.0.0-10",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-ALPHA.beta",
        "1.0.0-beta.2",
        "1.0.0-beta-11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.0.1",
        "1.0.1",
        "1.10",
        "2",
    ]
    shuffled = ordered[::-1]
    assert sorted(shuffled, key=parse) == ordered


@pytest.mark.parametrize(("one", "other"), [("1", "1.0.0.0"), ("1.01", "1.1"), ("1.0.0+a", "1.0.0+b"), ("v1", "1")])
def test_equal_by_place_in_the_order(one: str, other: str) -> None:
    assert parse(one) == parse(other)
    assert hash(parse(one)) == hash(parse(other))


def test_the_next_version_counts_from_the_highest_that_fits_and_of_equal_ones_by_metadata() -> None:
    known = ["1.9.0", "2.3.0", "2.0.4", "0.0.7+a.9", "0.0.7+a.10"]
    assert next_version(known, "2.0.i") == "2.0.5"
    assert next_version(known, "0.0.7+a.i") == "0.0.7+a.11"
    assert next_version(known, "3.i.0") == "3.0.0"


@pytest.mark.parametrize(
    ("latest", "mask", "following"),
    [
        (None, "c.i.0", "1.0.0"),
        ("1.3.0", "c.i.0", "1.4.0"),
        ("1.3.7", "c.i.0", "1.4.0"),
        (None, "2.0.i", "2.0.0"),
        ("2.0.4", "2.0.i", "2.0.5"),
        ("1.9.0", "2.i.0", "2.0.0"),
        ("2.3.0", "2.i.0", "2.4.0"),
        ("1.2.3.4", "c.c.c.i", "1.2.3.5"),
        ("1.2.0-rc.1", "c.i.0", "1.3.0"),
        ("1.2.0-rc.1", "c.c.c-rc.i", "1.2.0-rc.2"),
        (None, "c.c.c-rc.i", "1.0.0-rc.0"),
        ("v1.2.0", "vc.i.0", "v1.3.0"),
        ("2031120401.0", "i.0", "2031120402.0"),
        ("1.0.0-2031120401", "c.c.c-i", "1.0.0-2031120402"),
    ],
)
def test_the_next_version_follows_the_mask(latest: str | None, mask: str, following: str) -> None:
    assert next_version([latest] if latest else [], mask) == following


@pytest.mark.parametrize("mask", ["", "x", "1.2.3.4.i", "c..i", "i;1"])
def test_a_mask_that_is_none_is_refused(mask: str) -> None:
    with pytest.raises(Invalid):
        next_version([], mask)


def test_a_version_of_mavens_that_nests_without_end_is_refused() -> None:
    with pytest.raises(Invalid):
        read("1" + "-1" * 400, VersionFormat.MAVEN)
    deep = "1" + "-1" * 100
    assert read(deep, VersionFormat.MAVEN) < read(deep + ".1", VersionFormat.MAVEN)
