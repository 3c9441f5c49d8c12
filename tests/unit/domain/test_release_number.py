"""The number of the next release: by template, mask letters, channels, and the calendar."""

from datetime import UTC, datetime

import pytest

from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.release_number import Made, number_of, values_for

AT = datetime(2026, 3, 2, 9, 4, 7, tzinfo=UTC)
MADE = [Made("1.2.3", "Default"), Made("1.3.0-rc.4", "Hot-fixes"), Made("1.2.4.5-beta", "Default")]
KNOWN = [one.version for one in MADE]


@pytest.mark.parametrize(
    ("template", "number"),
    [
        ("#{Octopus.Version.LastMajor}.#{Octopus.Version.LastMinor}.#{Octopus.Version.NextPatch}", "1.3.1"),
        ("1.2.#{Octopus.Version.Channel.NextPatch}-pre", "1.2.5-pre"),
        ("1.2.#{Octopus.Version.Channel.LastBuild}.#{Octopus.Version.Channel.NextRevision}", "1.2.4.6"),
        ("2.0.#{Octopus.Version.Channel[Hot-fixes].NextMinor}", "2.0.4"),
        ("1.3.0-#{Octopus.Version.NextSuffix}", "1.3.0-rc.5"),
        ("1.2.5-#{Octopus.Version.Channel.NextSuffix}", "1.2.5-beta.2"),
        ("#{Fairlead.Date.Year}.#{Octopus.Date.Month}.#{Octopus.Date.Day}.i", "2026.3.2.0"),
        ("#{Octopus.Date.DayOfYear}.#{Octopus.Time.Hour}.#{Octopus.Time.Minute}.#{Octopus.Time.Second}", "61.9.4.7"),
        ("1.0.0-#{Octopus.Release.Channel.Name | ToLower}", "1.0.0-default"),
        ("#{Base}.i", "7.0"),
        ('#{if Octopus.Release.Channel.Name == "Default"}c.i.0#{else}9.9.9#{/if}', "1.4.0"),
        ("c.c.i", "1.3.1"),
        ("1.3.0-rc.i", "1.3.0-rc.5"),
    ],
)
def test_a_template_makes_a_number(template: str, number: str) -> None:
    assert number_of(template, KNOWN, values_for(MADE, "Default", AT) | {"Base": "7"}) == number


def test_the_first_number_of_all_counts_from_nothing() -> None:
    template = "#{Octopus.Version.LastMajor}.#{Octopus.Version.LastMinor}.#{Octopus.Version.NextPatch}"
    assert number_of(template, [], values_for([], "Default", AT)) == "0.0.1"
    assert number_of("c.i.0", [], {}) == "1.0.0"


@pytest.mark.parametrize("template", ["#{Nobody}.1", "next", "", "1.0.0 beta", "#{Octopus.Release.Channel.Name}"])
def test_a_template_that_makes_no_version_says_why(template: str) -> None:
    with pytest.raises(Invalid) as raised:
        number_of(template, KNOWN, values_for(MADE, "Default", AT))
    assert raised.value.code == "release.template"


def test_a_number_that_is_taken_is_a_conflict() -> None:
    with pytest.raises(Conflict) as raised:
        number_of(
            "1.2.#{Octopus.Version.Channel[Default].LastPatch}",
            ["1.2.3", "1.2.4"],
            {"Octopus.Version.Channel[Default].LastPatch": "4"},
        )
    assert raised.value.code == "release.exists"
