"""Channels: which versions their rules take, and what they say of those they do not."""

import pytest

from fairlead.domain.channel import Channel, VersionRule, check_rules, in_order_of_choice, objections
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import ChannelId, ProjectId


@pytest.mark.parametrize(
    ("tag", "taken", "refused"),
    [
        (r"^[^\+].*", ["1.0-beta", "1.0-x+y"], ["1.0", "1.0+y"]),
        (r"^(|\+.*)$", ["1.0", "1.0+y"], ["1.0-beta", "1.0-x+y"]),
        ("^$", ["1.0"], ["1.0-beta", "1.0+y"]),
        ("^beta", ["1.0-beta", "1.0-beta.2+y"], ["1.0-alpha-beta", "1.0"]),
        ("beta", ["1.0-alpha-beta", "1.0+beta"], ["1.0-alpha", "1.0"]),
        ("^(?!beta).+", ["1.0-rc"], ["1.0-beta", "1.0"]),
    ],
)
def test_a_tag_is_searched_in_prerelease_and_metadata(tag: str, taken: list[str], refused: list[str]) -> None:
    rule = VersionRule(tag=tag)
    assert [rule.objection(version) for version in taken] == ["", ""][: len(taken)]
    assert all(rule.objection(version) for version in refused)


def test_a_range_is_nugets_or_mavens() -> None:
    nuget, maven = VersionRule(range="[2.0.0-alpha.1,2.0.0)"), VersionRule(range="[1,2),[3,4)", notation="maven")
    assert not nuget.objection("2.0.0-beta") and nuget.objection("2.0.0")
    assert not maven.objection("3.1") and maven.objection("2.1")
    assert not VersionRule(range="1.0").objection("7") and VersionRule(range="1.0").objection("0.9")
    assert not VersionRule(range="1.0", notation="maven").objection("0.9")


def test_a_tag_of_mavens_is_searched_in_any_letter_case() -> None:
    maven, nuget = VersionRule(tag="^snapshot$", notation="maven"), VersionRule(tag="^snapshot$")
    assert not maven.objection("1.4-SNAPSHOT") and not maven.objection("1.4-snapshot")
    assert maven.objection("1.4") and maven.objection("1.4-RC1") and nuget.objection("1.4-SNAPSHOT")
    assert not VersionRule(tag="(?i)^snap", notation="maven").objection("1.4-SNAPSHOT")


def test_every_rule_that_covers_a_package_must_pass_and_says_which_rule_and_version() -> None:
    rules = (VersionRule(("web", "api"), "[1.0,2.0)"), VersionRule(("WEB",), tag="^$"), VersionRule(("db",), "[9]"))
    channel = Channel(ChannelId("c"), ProjectId("p"), "Stable", rules=rules)
    assert list(objections(channel, {"web": "1.5", "api": "1.0-rc.1+x", "cache": ""})) == [
        "rule 1 of the channel Stable (web, api: [1.0,2.0)) does not take api 1.0-rc.1+x: it is not in [1.0,2.0)"
    ]
    told = list(objections(channel, {"web": "2.1-beta", "db": ""}))
    assert len(told) == 3
    assert told[1].endswith("does not take web 2.1-beta: its tag 'beta' does not match ^$")
    assert told[2].endswith("does not take db: its version is not known")
    assert "it is not a version" in next(objections(channel, {"web": "latest"}))


def test_the_default_channel_is_tried_first_then_by_name() -> None:
    made = [
        Channel(ChannelId(name), ProjectId("p"), name, is_default=name == "Main") for name in ("beta", "Alpha", "Main")
    ]
    assert [one.name for one in in_order_of_choice(made)] == ["Main", "Alpha", "beta"]


@pytest.mark.parametrize(
    "rule",
    [
        VersionRule(),
        VersionRule(range="(1.0)"),
        VersionRule(range="[1,2),[3,4)"),
        VersionRule(range="[2,1]", notation="maven"),
        VersionRule(tag="(["),
        VersionRule(tag="x" * 201),
        VersionRule(("",), "[1.0]"),
    ],
)
def test_a_rule_that_cannot_be_asked_is_refused_by_its_number(rule: VersionRule) -> None:
    with pytest.raises(Invalid) as raised:
        check_rules([VersionRule(tag="^$"), rule])
    assert raised.value.code == "channel.rule" and "rule 2" in raised.value.message
