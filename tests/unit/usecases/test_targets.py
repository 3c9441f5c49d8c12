"""Targets: added, changed, found, removed; who may; and a host's key is trusted only by its own fingerprint."""

from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, NOBODY, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from fairlead.domain.grant import Grant
from fairlead.domain.permission import Permission
from fairlead.domain.target import SshAccess, TargetKind
from fairlead.ports.hosts import KeyPair
from fairlead.store import environments as kept_environments
from fairlead.usecases import environments, targets
from fairlead.usecases.targets import NewSsh, TargetChange

PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nhidden\n-----END OPENSSH PRIVATE KEY-----\n"
PAIR = KeyPair(PRIVATE, "ssh-ed25519 AAAAC3Nz fairlead-db")
FAR = NewSsh("db.example.com", "deploy")
OFFERED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOfferedOffered"


class OfferedKeys:
    """A host that offers one key."""

    def new_pair(self, comment: str) -> KeyPair:
        return PAIR

    def fingerprint(self, host_key: str) -> str:
        return f"SHA256:{host_key.split()[1][-4:]}"

    async def host_key(self, access: SshAccess) -> str:
        return OFFERED


def only_in(house: House, environment: str) -> Actor:
    """Somebody who may see and edit what belongs to one environment."""
    with house.database.reading() as connection:
        place = kept_environments.by_name(connection, environment).id
    permissions = frozenset({Permission.TARGET_EDIT, Permission.VIEW})
    return replace(NOBODY, grants=(Grant(permissions, environments=frozenset({place})),))


def test_this_host_can_be_a_target_as_often_as_wanted(house: House) -> None:
    for name in ("web1", "web2"):
        made = targets.add(house.context, ADMIN, name, only_in=["test"], tags=["web"])
        assert (made.target.kind, made.environments) == (TargetKind.LOCAL, ("Test",))
    assert [one.target.name for one in targets.page(house.context, ADMIN).items] == ["web1", "web2"]
    assert [event.kind for event in house.audit("target.added")] == ["target.added"] * 2


def test_a_name_is_taken_whatever_its_case(house: House) -> None:
    targets.add(house.context, ADMIN, "Web", only_in=["Test"])
    with pytest.raises(Conflict) as refused:
        targets.add(house.context, ADMIN, "wEB", only_in=["Test"])
    assert refused.value.code == "target.exists"
    assert targets.get(house.context, ADMIN, "WEB").target.name == "Web"


def test_a_host_gets_the_key_that_was_made_and_it_is_kept_as_a_secret(house: House) -> None:
    made = targets.add(house.context, ADMIN, "db", only_in=["Test"], ssh=FAR, made_key=PAIR).target
    assert made.ssh is not None and made.ssh.public_key == PAIR.public
    assert PRIVATE not in str(made)
    with house.database.reading() as connection:
        assert house.context.reveal(connection, made.ssh.key) == PRIVATE


def test_without_a_key_or_an_environment_it_is_refused_and_nothing_is_kept(house: House) -> None:
    before = house.rows()
    with pytest.raises(Invalid):
        targets.add(house.context, ADMIN, "db", only_in=["Test"], ssh=FAR)
    with pytest.raises(Invalid):
        targets.add(house.context, ADMIN, "db", only_in=[])
    with pytest.raises(NotFound):
        targets.add(house.context, ADMIN, "db", only_in=["Nowhere"])
    assert house.rows() == before


def test_a_list_is_narrowed_by_environment_tag_kind_and_name(house: House) -> None:
    targets.add(house.context, ADMIN, "web1", only_in=["Test"], tags=["web", "Zone/EU"])
    targets.add(house.context, ADMIN, "web2", only_in=["Test", "Production"], tags=["WEB"])
    targets.add(house.context, ADMIN, "db", only_in=["Production"], tags=["database"], ssh=FAR, made_key=PAIR)

    def names(**wanted: object) -> list[str]:
        return [one.target.name for one in targets.page(house.context, ADMIN, **wanted).items]  # type: ignore[arg-type]

    assert names(tag="web") == ["web1", "web2"]
    assert names(tag="zone/eu") == ["web1"]
    assert names(tag="data") == []
    assert names(environment="Production") == ["db", "web2"]
    assert names(kind=TargetKind.SSH) == ["db"]
    assert names(search="EB") == ["web1", "web2"]
    first = targets.page(house.context, ADMIN, limit=2)
    assert [one.target.name for one in first.items] == ["db", "web1"]
    assert names(after=first.after) == ["web2"]


def test_what_is_not_named_stays_and_an_old_revision_is_refused(house: House) -> None:
    made = targets.add(house.context, ADMIN, "web", only_in=["Test"], tags=["web"]).target
    changed = targets.change(house.context, ADMIN, "web", TargetChange(is_enabled=False), revision=made.revision)
    assert (changed.target.tags, changed.target.is_enabled, changed.environments) == (("web",), False, ("Test",))
    with pytest.raises(Conflict) as refused:
        targets.change(house.context, ADMIN, "web", TargetChange(tags=["x"]), revision=made.revision)
    assert refused.value.code == "edit.conflict"
    assert "disabled" in house.audit("target.changed")[0].message


async def test_a_key_is_trusted_by_the_fingerprint_that_the_host_offers(house: House) -> None:
    targets.add(house.context, ADMIN, "db", only_in=["Test"], ssh=FAR, made_key=PAIR)
    with pytest.raises(Refused) as refused:
        await targets.trust(house.context, ADMIN, OfferedKeys(), "db", "SHA256:else")
    assert refused.value.code == "target.host_key" and "SHA256:ered" in refused.value.message
    trusted = await targets.trust(house.context, ADMIN, OfferedKeys(), "db", "SHA256:ered")
    assert trusted.target.ssh is not None and trusted.target.ssh.host_key == OFFERED


async def test_a_host_that_moved_is_trusted_anew_and_keeps_its_key(house: House) -> None:
    held = targets.add(house.context, ADMIN, "db", only_in=["Test"], ssh=FAR, made_key=PAIR).target
    await targets.trust(house.context, ADMIN, OfferedKeys(), "db", "SHA256:ered")
    renamed = targets.change(house.context, ADMIN, "db", TargetChange(ssh=replace(FAR, user="root"))).target.ssh
    assert renamed is not None and renamed.host_key == OFFERED
    moved = targets.change(house.context, ADMIN, "db", TargetChange(ssh=NewSsh("db2.example.com", "root"))).target.ssh
    assert moved is not None and held.ssh is not None
    assert (moved.host_key, moved.key) == ("", held.ssh.key)


async def test_this_host_has_no_key_to_trust(house: House) -> None:
    targets.add(house.context, ADMIN, "web", only_in=["Test"])
    with pytest.raises(Invalid) as refused:
        await targets.trust(house.context, ADMIN, OfferedKeys(), "web", "SHA256:ered")
    assert refused.value.code == "target.kind"


def test_who_may_edit_one_environment_edits_what_is_only_there(house: House) -> None:
    tester = only_in(house, "Test")
    targets.add(house.context, tester, "mine", only_in=["Test"])
    targets.add(house.context, ADMIN, "both", only_in=["Test", "Production"])
    targets.add(house.context, ADMIN, "live", only_in=["Production"])
    with pytest.raises(NotAllowed):
        targets.add(house.context, tester, "x", only_in=["Production"])
    for refused in ("both", "live"):
        with pytest.raises(NotAllowed):
            targets.remove(house.context, tester, refused)
    with pytest.raises(NotAllowed):
        targets.get(house.context, tester, "live")
    assert [one.target.name for one in targets.page(house.context, tester).items] == ["both", "mine"]
    targets.remove(house.context, tester, "mine")


def test_an_environment_with_targets_stays(house: House) -> None:
    environments.add(house.context, ADMIN, "Lab")
    targets.add(house.context, ADMIN, "web", only_in=["Lab"])
    with pytest.raises(Conflict, match="web"):
        environments.remove(house.context, ADMIN, "Lab")
    targets.remove(house.context, ADMIN, "web")
    environments.remove(house.context, ADMIN, "Lab")
