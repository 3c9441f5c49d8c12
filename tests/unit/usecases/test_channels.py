"""Channels: kept, changed, and chosen when a release is made."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, PROJECT_FILE, House

from fairlead.domain.channel import VersionRule
from fairlead.domain.errors import Conflict, Invalid, NotFound, Refused
from fairlead.domain.ids import LifecycleId
from fairlead.domain.lifecycle import Lifecycle, Phase
from fairlead.domain.release import Release
from fairlead.store import environments, lifecycles
from fairlead.usecases import channels, releases
from fairlead.usecases.channels import ChannelWords

FILE = {"fairlead.yml": PROJECT_FILE.format(name="books", image="nginx", more="").encode()}
BETA = ChannelWords("Beta", rules=(VersionRule(("web",), tag="^beta"),))


def make(house: House, web: str, *, version: str = "", channel: str = "") -> Release:
    image = DIGEST.replace("@", f":{web}@") if web else DIGEST
    return releases.create(
        house.context, ADMIN, "books", images={"web": image}, contents=FILE, version=version, channel=channel
    )


def default(*rules: VersionRule) -> ChannelWords:
    return ChannelWords("Default", is_default=True, rules=rules)


def channel_of(house: House, made: Release) -> str:
    return releases.get(house.context, ADMIN, "books", made.version).channel


def test_a_channel_is_kept_as_it_was_said(books: House) -> None:
    words = replace(BETA, description="für alle 🌍", tenant_tags=("Ring/Early",), lifecycle="Default")
    channels.add(books.context, ADMIN, "books", words)
    found = channels.get(books.context, ADMIN, "books", "beta")
    assert (found.channel.rules, found.channel.tenant_tags) == (words.rules, words.tenant_tags)
    assert (found.channel.description, found.lifecycle) == (words.description, "Default")
    assert [one.channel.name for one in channels.page(books.context, ADMIN, "books").items] == ["Beta", "Default"]
    [added] = books.audit("channel.added")
    assert "Beta" in added.message


def test_one_is_the_default_and_it_cannot_go(books: House) -> None:
    channels.add(books.context, ADMIN, "books", replace(BETA, is_default=True))
    told = {one.channel.name: one.channel.is_default for one in channels.page(books.context, ADMIN, "books").items}
    assert told == {"Beta": True, "Default": False}
    for act in (
        lambda: channels.remove(books.context, ADMIN, "books", "Beta"),
        lambda: channels.put(books.context, ADMIN, "books", "Beta", BETA),
    ):
        with pytest.raises(Conflict) as raised:
            act()
        assert raised.value.code == "channel.default" and raised.value.hint
    channels.put(books.context, ADMIN, "books", "Default", ChannelWords("Main", is_default=True))
    channels.remove(books.context, ADMIN, "books", "Beta")
    assert [one.channel.name for one in channels.page(books.context, ADMIN, "books").items] == ["Main"]


def test_names_revisions_and_unknown_ones_are_refused(books: House) -> None:
    channels.add(books.context, ADMIN, "books", BETA)
    before = books.rows()
    with pytest.raises(Conflict) as exists:
        channels.add(books.context, ADMIN, "books", BETA)
    with pytest.raises(Conflict) as changed:
        channels.put(books.context, ADMIN, "books", "Beta", BETA, revision=99)
    with pytest.raises(NotFound) as unknown:
        channels.get(books.context, ADMIN, "books", "Gamma")
    with pytest.raises(NotFound) as no_lifecycle:
        channels.add(books.context, ADMIN, "books", ChannelWords("X", lifecycle="None"))
    codes = [one.value.code for one in (exists, changed, unknown, no_lifecycle)]
    assert codes == ["channel.exists", "edit.conflict", "channel.unknown", "lifecycle.unknown"]
    for name in ("", " x", "a/b", "x" * 101, "a\nb"):
        with pytest.raises(Invalid):
            channels.add(books.context, ADMIN, "books", ChannelWords(name))
    with pytest.raises(Invalid):
        channels.add(books.context, ADMIN, "books", ChannelWords("X", tenant_tags=("NoSet",)))
    assert books.rows() == before


def test_a_release_is_made_in_the_first_channel_that_takes_it_the_default_first(books: House) -> None:
    channels.put(
        books.context,
        ADMIN,
        "books",
        "Default",
        ChannelWords("Default", is_default=True, rules=(VersionRule(tag="^$"),)),
    )
    channels.add(books.context, ADMIN, "books", BETA)
    plain, early = make(books, "1.5"), make(books, "1.6-beta.2")
    assert (channel_of(books, plain), channel_of(books, early)) == ("Default", "Beta")
    assert (plain.packages, early.packages) == ({"web": "1.5"}, {"web": "1.6-beta.2"})
    before = books.rows()
    with pytest.raises(Refused) as raised:
        make(books, "1.7-rc.1")
    assert raised.value.code == "release.no_channel"
    assert "channel Default" in raised.value.message and "channel Beta" in raised.value.message
    assert "web 1.7-rc.1" in raised.value.message and "^beta" in raised.value.message
    assert books.rows() == before


def test_a_named_channel_says_which_rule_a_version_breaks(books: House) -> None:
    channels.add(books.context, ADMIN, "books", BETA)
    for web, why in (("2.0", "web 2.0"), ("", "its version is not known")):
        with pytest.raises(Refused) as raised:
            make(books, web, channel="Beta")
        assert raised.value.code == "release.channel_rule"
        assert "rule 1" in raised.value.message and why in raised.value.message
    assert channel_of(books, make(books, "2.0-beta", channel="beta")) == "Beta"
    given = releases.create(
        books.context, ADMIN, "books", images={"web": DIGEST}, contents=FILE, channel="Beta", packages={"web": "3-beta"}
    )
    assert given.packages == {"web": "3-beta"}


def test_rules_are_asked_when_a_release_is_made_and_never_again(books: House) -> None:
    made = make(books, "1.0")
    channels.put(
        books.context,
        ADMIN,
        "books",
        "Default",
        ChannelWords("Default", is_default=True, rules=(VersionRule(tag="^x"),)),
    )
    books.go_live(made.version)
    assert books.deployment(made.version).committed_at is not None
    with pytest.raises(Refused):
        make(books, "1.0")


def test_a_channel_with_releases_stays(books: House) -> None:
    channels.add(books.context, ADMIN, "books", BETA)
    make(books, "1-beta", channel="Beta")
    with pytest.raises(Conflict) as raised:
        channels.remove(books.context, ADMIN, "books", "Beta")
    assert raised.value.code == "channel.in_use"


def test_a_release_goes_the_way_of_its_channels_lifecycle(books: House) -> None:
    with books.database.transaction() as connection:
        production = environments.by_name(connection, "Production")
        phases = (Phase("Straight", (production.id,), automatic=True),)
        lifecycles.insert(connection, Lifecycle(LifecycleId("lfc-hot"), "Hot", phases))
    channels.add(books.context, ADMIN, "books", ChannelWords("Hot-fixes", lifecycle="Hot"))
    made = make(books, "1.0", channel="Hot-fixes")
    assert books.deployments(made.version, "Production")
    assert not books.deployments(made.version, "Test")
