"""Which connection leads to a target: this machine under many names, a host over SSH once its key is trusted."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.connections.ssh import SshConnection, SshLogin, to_target
from fairlead.adapters.connections.ssh_keys import SshKeys
from fairlead.adapters.engines.docker import DockerEngine
from fairlead.adapters.engines.docker.far import FarEngine, far_engine
from fairlead.adapters.system import SystemClock
from fairlead.domain.errors import NotFound, Refused, Unreachable
from fairlead.ports.connection import Connection
from fairlead.server.bootstrap import hosts_of
from fairlead.server.hosts import BookedHosts
from fairlead.testing.sshd import Sshd
from fairlead.usecases import audit, targets
from fairlead.usecases.targets import NewSsh, TargetChange


@pytest.fixture
async def hosts(house: House) -> AsyncIterator[BookedHosts]:
    made: BookedHosts = house.life.server.hosts
    yield made
    await made.close()


def over_ssh(sshd: Sshd) -> NewSsh:
    return NewSsh("127.0.0.1", sshd.user, sshd.port, sshd.key)


async def test_this_machine_is_reached_under_each_of_its_names(house: House, hosts: BookedHosts) -> None:
    for name in ("web1", "web2"):
        made = targets.add(house.context, ADMINISTRATOR, name, only_in=["Test"]).target
        assert (await hosts.of_target(made.id)).name == name
    seen = await targets.check(house.context, ADMINISTRATOR, hosts, "web1")
    assert "bash" in seen.programs and "python3" in seen.programs


async def test_a_host_is_used_once_its_key_is_trusted(house: House, hosts: BookedHosts, sshd: Sshd) -> None:
    keys = SshKeys()
    made = targets.add(house.context, ADMINISTRATOR, "far", only_in=["Test"], ssh=over_ssh(sshd)).target
    with pytest.raises(Refused) as refused:
        await targets.check(house.context, ADMINISTRATOR, hosts, "far")
    assert refused.value.code == "target.host_key"
    await targets.trust(house.context, ADMINISTRATOR, keys, "far", keys.fingerprint(sshd.host_key))
    seen = await targets.check(house.context, ADMINISTRATOR, hosts, "far")
    assert "bash" in seen.programs
    assert await hosts.of_target(made.id) is await hosts.of_target(made.id)
    assert not list(Path(sshd.home, ".fairlead", "tickets").iterdir()), "the look left nothing"


async def test_a_changed_access_makes_another_connection(house: House, hosts: BookedHosts, sshd: Sshd) -> None:
    access = NewSsh("127.0.0.1", sshd.user, sshd.port, sshd.key, sshd.host_key)
    made = targets.add(house.context, ADMINISTRATOR, "far", only_in=["Test"], ssh=access).target
    before = await hosts.of_target(made.id)
    await hosts.look(made.id)
    elsewhere = NewSsh("127.0.0.1", sshd.user, 1, sshd.key, sshd.host_key)
    targets.change(house.context, ADMINISTRATOR, "far", TargetChange(ssh=elsewhere))
    assert await hosts.of_target(made.id) is not before
    with pytest.raises(Unreachable, match="far"):
        await hosts.look(made.id)


async def test_a_target_that_is_gone_is_not_found(hosts: BookedHosts) -> None:
    with pytest.raises(NotFound) as refused:
        await hosts.of_target("tgt-none")
    assert refused.value.code == "target.unknown"


async def test_that_a_key_was_used_to_reach_a_host_is_kept_once(house: House, hosts: BookedHosts, sshd: Sshd) -> None:
    audit.hear_of_secrets(house.context)
    access = NewSsh("127.0.0.1", sshd.user, sshd.port, sshd.key, sshd.host_key)
    made = targets.add(house.context, ADMINISTRATOR, "far", only_in=["Test"], ssh=access).target
    for _ in range(2):
        await hosts.of_target(made.id)
    [event] = audit.page(house.context, ADMINISTRATOR, audit.Wanted(kind="secret.used")).items
    assert event.thing == made.id and f"reach far at {sshd.user}@127.0.0.1" in event.message
    assert sshd.key.splitlines()[1] not in str(event)


async def test_the_engine_of_a_host_is_reached_over_its_connection(house: House, sshd: Sshd) -> None:
    far = SshConnection(SshLogin("127.0.0.1", sshd.port, sshd.user, sshd.key, sshd.host_key), name="far")
    async with DockerEngine() as here, await far_engine(far) as engine:
        assert await engine.version() == await here.version()
        assert set(await engine.used_subnets()) >= set(await here.used_subnets()) - {""}
    await far.close()


async def test_an_engine_that_is_not_there_is_told_with_its_host(house: House, sshd: Sshd) -> None:
    far = SshConnection(SshLogin("127.0.0.1", sshd.port, sshd.user, sshd.key, sshd.host_key), name="far")
    async with await far_engine(far, socket="/run/none.sock") as engine:
        with pytest.raises(Unreachable) as refused:
            await engine.version()
    assert refused.value.code == "engine.unreachable" and refused.value.thing == "/run/none.sock of far"
    assert "far: unix:/run/none.sock" in refused.value.message
    await far.close()


async def test_local_targets_share_this_machines_engine_and_hosts_have_their_own(house: House, sshd: Sshd) -> None:
    access = NewSsh("127.0.0.1", sshd.user, sshd.port, sshd.key, sshd.host_key)
    far = targets.add(house.context, ADMINISTRATOR, "far", only_in=["Test"], ssh=access).target
    near = [targets.add(house.context, ADMINISTRATOR, name, only_in=["Test"]).target for name in ("web1", "web2")]
    data = house.life.server.settings
    async with DockerEngine() as here:
        made = hosts_of(data, house.context.database, house.context.secrets, SystemClock(), engine=here)
        assert [await made.engine_of(one.id) for one in near] == [here, here]
        engine = await made.engine_of(far.id)
        assert engine is await made.engine_of(far.id) and engine is not here
        assert await engine.version() == await here.version()
        await made.close()


async def test_two_that_ask_for_an_engine_at_once_open_one_way_there(house: House, sshd: Sshd) -> None:
    access = NewSsh("127.0.0.1", sshd.user, sshd.port, sshd.key, sshd.host_key)
    far = targets.add(house.context, ADMINISTRATOR, "far", only_in=["Test"], ssh=access).target
    both_ask = asyncio.Barrier(2)

    async def opened(connection: Connection) -> FarEngine:
        await both_ask.wait()
        return await far_engine(connection)

    context, here = house.context, LocalConnection(house.life.server.settings.data_dir / "tickets")
    made = BookedHosts(
        context.database, context.secrets, SystemClock(), local=lambda _: here, ssh=to_target, engine_at=opened
    )
    engine, beside = await asyncio.gather(made.engine_of(far.id), made.engine_of(far.id))
    assert engine is beside
    await made.close()
