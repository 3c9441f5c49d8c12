"""What every ContainerEngine keeps to with networks and volumes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fairlead.domain.errors import Conflict, Failed, FairleadError
from fairlead.ports.container_engine import (
    LABEL_ENVIRONMENT,
    LABEL_PROJECT,
    Attachment,
    NetworkSpec,
)
from fairlead.testing.contracts.engine_given import FOR_EVER, GivenEngine


class NetworkContract:
    """Networks and volumes."""

    async def test_a_network_is_made_once(self, given: GivenEngine) -> None:
        spec = NetworkSpec(given.name("n"), given.subnet(0), given.labels("n"))
        first = await given.engine.ensure_network(spec)
        again = await given.successor.ensure_network(spec)
        assert first.id == again.id
        assert first.subnets == (given.subnet(0),)
        assert [network.id for network in await given.engine.networks(given.labels("n"))] == [first.id]
        assert given.subnet(0) in await given.engine.used_subnets()

    async def test_networks_made_side_by_side_are_one(self, given: GivenEngine) -> None:
        spec = NetworkSpec(given.name("n"), given.subnet(0), given.labels("n"))
        made = await asyncio.gather(*(given.engine.ensure_network(spec) for _ in range(4)))
        assert len({network.id for network in made}) == 1

    async def test_a_strange_network_is_left_alone(self, given: GivenEngine) -> None:
        name = given.name("n")
        await given.add_stranger("network", name)
        spec = NetworkSpec(name, given.subnet(7), given.labels("n"))
        for asking in (lambda: given.engine.ensure_network(spec), lambda: given.engine.remove_network(name)):
            with pytest.raises(Conflict) as refused:
                await asking()
            assert (refused.value.code, refused.value.thing) == ("engine.stranger", name)
        assert await given.is_there("network", name)

    async def test_a_subnet_that_overlaps_is_refused(self, given: GivenEngine) -> None:
        await given.engine.ensure_network(NetworkSpec(given.name("a"), given.subnet(0), given.labels("a")))
        with pytest.raises(Conflict) as refused:
            await given.engine.ensure_network(NetworkSpec(given.name("b"), given.subnet(0), given.labels("b")))
        assert (refused.value.code, refused.value.thing) == ("network.pool", given.name("b"))
        assert not await given.is_there("network", given.name("b"))

    async def test_a_network_goes_with_its_stopped_members_and_not_with_running_ones(self, given: GivenEngine) -> None:
        name = given.name("n")
        await given.engine.ensure_network(NetworkSpec(name, given.subnet(0), given.labels("n")))
        spec = given.spec("a", FOR_EVER, networks=(Attachment(name),))
        await given.engine.ensure_container(spec)
        await given.engine.start(spec.name)
        assert [network.members for network in await given.engine.networks(given.labels("n"))] == [(spec.name,)]
        with pytest.raises(Failed) as refused:
            await given.engine.remove_network(name)
        assert (refused.value.code, refused.value.thing) == ("engine.failed", name)
        await given.engine.stop(spec.name, grace_s=0)
        await given.engine.remove_network(name)
        await given.engine.remove_network(name)
        found = await given.engine.container(spec.name)
        assert found is not None
        assert found.addresses == {}
        assert not await given.is_there("network", name)

    async def test_a_network_has_the_shape_that_was_asked_for(self, given: GivenEngine) -> None:
        subnet = given.subnet(0)
        spec = NetworkSpec(
            given.name("n"),
            subnet,
            given.labels("n"),
            dynamic_range=subnet.replace("0/28", "8/29"),
            internal=True,
            gateway=subnet.replace("0/28", "3"),
            options={"com.docker.network.driver.mtu": "1400"},
        )
        await given.engine.ensure_network(spec)
        [made] = await given.successor.networks(given.labels("n"))
        assert (made.driver, made.internal, made.subnets) == ("bridge", True, (subnet,))
        assert (made.gateways, made.dynamic_ranges) == ((spec.gateway,), (spec.dynamic_range,))
        assert made.options["com.docker.network.driver.mtu"] == "1400"
        told: Any = await given.successor.inspected_network(spec.name)
        assert (told["Id"], told["Name"], told["Driver"]) == (made.id, spec.name, "bridge")
        assert told["IPAM"]["Config"][0]["Subnet"] == subnet
        assert await given.engine.inspected_network(given.name("none")) is None

    async def test_a_network_without_a_subnet_gets_one_that_is_free(self, given: GivenEngine) -> None:
        before = set(await given.engine.used_subnets())
        made = await given.engine.ensure_network(NetworkSpec(given.name("n"), "", given.labels("n")))
        assert len(made.subnets) == 1 and not set(made.subnets) & before
        assert (await given.successor.ensure_network(NetworkSpec(given.name("n"), "", given.labels("n")))).id == made.id

    async def test_a_container_asks_for_its_networks(self, given: GivenEngine) -> None:
        spec = given.spec("a", FOR_EVER, networks=(Attachment(given.name("none")),))
        with pytest.raises(FairleadError) as refused:
            await given.engine.ensure_container(spec)
        assert (refused.value.code, refused.value.thing) == ("engine.failed", given.name("none"))

    async def test_a_fixed_address_that_is_taken_is_told_at_the_start(self, given: GivenEngine) -> None:
        await given.engine.ensure_network(NetworkSpec(given.name("n"), given.subnet(0), given.labels("n")))
        address = given.subnet(0).replace("0/28", "6")
        first, second = (
            given.spec(name, FOR_EVER, networks=(Attachment(given.name("n"), (), address),)) for name in "ab"
        )
        for spec in (first, second):
            await given.engine.ensure_container(spec)
        await given.engine.start(first.name)
        with pytest.raises(Conflict) as refused:
            await given.engine.start(second.name)
        assert (refused.value.code, refused.value.thing) == ("engine.address", second.name)
        await given.engine.remove(first.name)
        assert (await given.successor.start(second.name)).addresses == {given.name("n"): address}

    async def test_unfixed_addresses_come_from_the_dynamic_range(self, given: GivenEngine) -> None:
        subnet = given.subnet(0)
        spec = NetworkSpec(given.name("n"), subnet, given.labels("n"), dynamic_range=subnet.replace("0/28", "8/29"))
        await given.engine.ensure_network(spec)
        found = []
        for name in "ab":
            container = given.spec(name, FOR_EVER, networks=(Attachment(spec.name),))
            await given.engine.ensure_container(container)
            found.append((await given.engine.start(container.name)).addresses[spec.name])
        assert all(8 <= int(address.rpartition(".")[2]) <= 15 for address in found), found

    async def test_a_volume_is_made_once_and_belongs_to_its_environment(self, given: GivenEngine) -> None:
        name, labels = given.name("v"), {**given.labels("v"), LABEL_PROJECT: "books", LABEL_ENVIRONMENT: "Test"}
        await given.engine.ensure_volume(name, labels)
        await given.successor.ensure_volume(name, labels)
        assert [volume.name for volume in await given.engine.volumes(given.labels("v"))] == [name]
        with pytest.raises(Conflict) as refused:
            await given.engine.ensure_volume(name, {**labels, LABEL_ENVIRONMENT: "Production"})
        assert (refused.value.code, refused.value.thing) == ("engine.stranger", name)
        await given.engine.remove_volume(name)
        await given.engine.remove_volume(name)
        assert not await given.is_there("volume", name)

    async def test_a_strange_volume_is_left_alone(self, given: GivenEngine) -> None:
        name = given.name("v")
        await given.add_stranger("volume", name)
        labels = {**given.labels("v"), LABEL_PROJECT: "books", LABEL_ENVIRONMENT: "Test"}
        for asking in (lambda: given.engine.ensure_volume(name, labels), lambda: given.engine.remove_volume(name)):
            with pytest.raises(Conflict) as refused:
                await asking()
            assert (refused.value.code, refused.value.thing) == ("engine.stranger", name)
        assert await given.is_there("volume", name)
