"""Hypothesis looks for texts that no reader should fall over, and for orders and hashes that contradict each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.errors import Invalid
from fairlead.domain.version import Version, VersionFormat, read
from fairlead.domain.versions.masks import apply_mask, latest_masked_all, read_mask
from fairlead.domain.versions.ranges import maven_range, nuget_range

FORMATS = st.sampled_from(list(VersionFormat))
TEXTS = st.text(max_size=40) | st.text("0123456789.-_+abcmrsvgp ", max_size=20)
LABELS = st.text("abmrcsp019.-", min_size=1, max_size=8).filter(
    lambda text: text[0] not in ".-" and text[-1] not in ".-"
)
SPELT = st.builds(
    lambda numbers, label: ".".join(map(str, numbers)) + (f"-{label}" if label else ""),
    st.lists(st.integers(0, 12), min_size=1, max_size=4),
    st.none() | LABELS.filter(lambda text: ".." not in text),
)


def latest_masked(mask: str, versions: list[Version]) -> Version | None:
    """The first of those that fit best."""
    return next(iter(latest_masked_all(mask, versions)), None)


@given(TEXTS, FORMATS)
def test_every_text_is_a_version_or_refused(text: str, format: VersionFormat) -> None:
    try:
        version = read(text, format)
    except Invalid as refused:
        assert refused.code == "input.invalid"
    else:
        assert version == read(text, format)
        assert max(version.numbers) < 2**31


@pytest.mark.parametrize("format", list(VersionFormat))
@given(one=SPELT, two=SPELT)
def test_two_versions_of_a_format_are_ordered_and_equal_ones_have_one_hash(
    format: VersionFormat, one: str, two: str
) -> None:
    try:
        a, b = read(one, format), read(two, format)
    except Invalid:
        return
    assert (a < b) + (a == b) + (a > b) == 1
    if a == b:
        assert hash(a) == hash(b)


@given(TEXTS)
def test_every_text_is_a_range_or_refused(text: str) -> None:
    for notation in (nuget_range, maven_range):
        try:
            notation(text)
        except Invalid as refused:
            assert refused.code == "version.range"


@given(SPELT, SPELT, SPELT, st.booleans(), st.booleans())
def test_a_range_holds_what_lies_between(low: str, high: str, asked: str, from_low: bool, to_high: bool) -> None:
    spec = f"{'[' if from_low else '('}{low},{high}{']' if to_high else ')'}"
    try:
        found = nuget_range(spec)
    except Invalid:
        return
    lower, upper, version = (read(text, VersionFormat.OCTOPUS) for text in (low, high, asked))
    is_above = version > lower or (from_low and version == lower)
    is_below = version < upper or (to_high and version == upper)
    assert found.holds(version) == (is_above and is_below)


@given(TEXTS, SPELT)
def test_every_mask_gives_a_version_or_is_refused(mask: str, latest: str) -> None:
    assert read_mask(mask) == read_mask(mask)
    try:
        made: Version | None = apply_mask(mask, read(latest, VersionFormat.OCTOPUS))
    except Invalid as refused:
        assert refused.code == "input.invalid"
        made = None
    assert latest_masked(mask, [made] if made else []) in (made, None)
