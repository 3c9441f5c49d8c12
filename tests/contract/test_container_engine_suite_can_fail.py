"""The suite for container engines can fail: for each main rule an engine that breaks it is caught."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.engine_givens import FakeGiven

from fairlead.domain.errors import Conflict, FairleadError, NotFound
from fairlead.ports.container_engine import (
    LABEL_KEY,
    Container,
    ContainerSpec,
    Credentials,
    Exited,
    Image,
    Network,
    NetworkSpec,
    OutputLine,
)
from fairlead.testing.container_world import FakeNetwork
from fairlead.testing.contracts.container_engine import ContainerEngineContract
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_container_engine import FakeContainerEngine


class MakesAnew(FakeContainerEngine):
    async def ensure_container(self, spec: ContainerSpec) -> Container:
        self.world.containers.pop(spec.name, None)
        return await super().ensure_container(spec)


class AdoptsAnything(FakeContainerEngine):
    async def ensure_container(self, spec: ContainerSpec) -> Container:
        found = await self.container(spec.name)
        return found or await super().ensure_container(spec)


class LeavesHalfMade(FakeContainerEngine):
    async def ensure_container(self, spec: ContainerSpec) -> Container:
        if spec.name in self.world.containers:
            spec = replace(spec, files=(), networks=spec.networks[:1])
        return await super().ensure_container(spec)


class RunsAgain(FakeContainerEngine):
    async def ensure_container(self, spec: ContainerSpec) -> Container:
        made = await super().ensure_container(spec)
        return await self.start(spec.name) if made.state == "exited" else made


class RestartsOnStart(FakeContainerEngine):
    async def start(self, name: str) -> Container:
        self.world.stop(self._ours(name))
        await self.world.clock.sleep(1)
        return await super().start(name)


class RemovesStrangers(FakeContainerEngine):
    async def remove(self, name: str) -> None:
        self.world.containers.pop(name, None)


class StopsStrangers(FakeContainerEngine):
    async def stop(self, name: str, *, grace_s: float) -> None:
        if name in self.world.containers:
            self.world.stop(self.world.containers[name])


class ForgetsHowItEnded(FakeContainerEngine):
    async def executing(
        self, name: str, command: Sequence[str], *, stdin: bytes | None = None
    ) -> AsyncIterator[OutputLine | Exited]:
        async for piece in super().executing(name, command, stdin=stdin):
            yield Exited(0) if isinstance(piece, Exited) else piece


class MindsWhatIsGone(FakeContainerEngine):
    async def remove(self, name: str) -> None:
        self._existing(name)
        await super().remove(name)


class LeavesItRunning(FakeContainerEngine):
    async def stop(self, name: str, *, grace_s: float) -> None:
        await super().stop(name, grace_s=grace_s)
        if grace_s and name in self.world.containers:
            self.world.start(self.world.containers[name])


class ForgetsExitCodes(FakeContainerEngine):
    async def wait(self, name: str) -> int:
        await super().wait(name)
        return 0


class TellsTimesAsConfiguration(FakeContainerEngine):
    async def start(self, name: str) -> Container:
        told = await super().start(name)
        return replace(told, configuration={**told.configuration, "started": told.started_at, "n": id(told)})


class TellsNoEnvironment(FakeContainerEngine):
    async def ensure_container(self, spec: ContainerSpec) -> Container:
        told = await super().ensure_container(spec)
        return replace(told, configuration={key: told.configuration[key] for key in ("image", "networks")})


class TellsStale(FakeContainerEngine):
    async def inspected(self, name: str) -> Mapping[str, object] | None:
        told = await super().inspected(name)
        return told and {**told, "State": {"Status": "running"}}


class MakesPlainNetworks(FakeContainerEngine):
    async def ensure_network(self, spec: NetworkSpec) -> Network:
        return await super().ensure_network(NetworkSpec(spec.name, spec.subnet, spec.labels))


class FindsRunningOnesOnly(FakeContainerEngine):
    async def containers(self, labels: Mapping[str, str]) -> Sequence[Container]:
        return [found for found in await super().containers(labels) if found.state == "running"]


class TellsStoppedOnesAsRunning(FakeContainerEngine):
    async def running(self, labels: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        return [found.labels for found in await self.containers(labels)]


class CopiesWithoutLimit(FakeContainerEngine):
    async def copy_out(self, name: str, path: str, *, limit_bytes: int) -> Mapping[str, bytes]:
        return await super().copy_out(name, path, limit_bytes=10**9)


class MixesSubnets(FakeContainerEngine):
    async def ensure_network(self, spec: NetworkSpec) -> Network:
        if spec.name not in self.world.networks:
            self.world.networks[spec.name] = FakeNetwork(self.world.new_id(), spec)
        return await super().ensure_network(spec)


class CutsNetworks(FakeContainerEngine):
    async def remove_network(self, name: str) -> None:
        for member in self.world.members(name):
            self.world.stop(member)
        await super().remove_network(name)


class RemovesStrangeNetworks(FakeContainerEngine):
    async def remove_network(self, name: str) -> None:
        self.world.networks.pop(name, None)


class SharesAddresses(FakeContainerEngine):
    async def start(self, name: str) -> Container:
        for held in self.world.containers.values():
            held.addresses = {}
        return await super().start(name)


class SharesVolumes(FakeContainerEngine):
    async def ensure_volume(self, name: str, labels: Mapping[str, str]):  # type: ignore[no-untyped-def]
        if name in self.world.volumes:
            return self.world.volumes[name]
        return await super().ensure_volume(name, labels)


class TakesAnyImage(FakeContainerEngine):
    async def ensure_container(self, spec: ContainerSpec) -> Container:
        if self.world.image(spec.image) is None:
            self.world.add_image(spec.image)
        return await super().ensure_container(spec)


class PullsAnything(FakeContainerEngine):
    async def pull(self, reference: str, credentials: Credentials | None, say: Callable[[str], None]) -> Image:
        if reference not in self.world.registry:
            self.world.offer(reference)
        return await super().pull(reference, credentials, say)


class PushesAnotherEachTime(FakeContainerEngine):
    async def push(self, tag: str, credentials: Credentials | None, say: Callable[[str], None]) -> str:
        digest = await super().push(tag, credentials, say)
        return digest[:-4] + f"{len(self.world.registry):04d}" if "successor" in tag or self._second(tag) else digest

    def _second(self, tag: str) -> bool:
        pushed: set[str] = self.world.__dict__.setdefault("pushed", set())
        is_second = tag in pushed
        pushed.add(tag)
        return is_second


class NamesNothing(FakeContainerEngine):
    async def start(self, name: str) -> Container:
        try:
            return await super().start(name)
        except Conflict as error:
            raise Conflict(error.code, error.message) from error
        except NotFound as error:
            raise NotFound(error.code, "no") from error


class DropsImagesInUse(FakeContainerEngine):
    async def remove_image(self, reference: str) -> None:
        found = self.world.image(reference)
        if found is not None:
            del self.world.images[found.image.id]


class LosesTheKey(FakeContainerEngine):
    async def container(self, name: str) -> Container | None:
        found = await super().container(name)
        without = {label: value for label, value in found.labels.items() if label != LABEL_KEY} if found else {}
        return replace(found, labels=without) if found else None


BREAKS: tuple[tuple[type[FakeContainerEngine], str], ...] = (
    (ForgetsHowItEnded, "test_a_command_is_told_line_by_line_and_last_how_it_ended"),
    (MakesAnew, "test_made_once_however_often_it_is_asked"),
    (AdoptsAnything, "test_strangers_are_left_alone"),
    (AdoptsAnything, "test_another_key_under_the_name_is_a_stranger"),
    (LeavesHalfMade, "test_what_a_death_left_half_made_is_finished"),
    (AdoptsAnything, "test_what_a_death_left_half_made_is_finished"),
    (RunsAgain, "test_what_runs_to_its_end_is_not_run_again"),
    (RestartsOnStart, "test_started_once_however_often_it_is_asked"),
    (RemovesStrangers, "test_strangers_are_left_alone"),
    (StopsStrangers, "test_strangers_are_left_alone"),
    (MindsWhatIsGone, "test_gone_is_fine"),
    (LeavesItRunning, "test_stopped_by_its_signal_or_killed_after_its_grace"),
    (ForgetsExitCodes, "test_waiting_gives_the_exit_code"),
    (TellsTimesAsConfiguration, "test_its_configuration_is_the_same_after_stop_and_start"),
    (TellsNoEnvironment, "test_another_definition_has_another_configuration"),
    (TellsStale, "test_it_tells_all_that_it_knows_of_a_container"),
    (MakesPlainNetworks, "test_a_network_has_the_shape_that_was_asked_for"),
    (FindsRunningOnesOnly, "test_found_by_name_id_and_labels"),
    (TellsStoppedOnesAsRunning, "test_those_that_run_are_told_by_their_labels"),
    (CopiesWithoutLimit, "test_files_are_copied_out_of_what_has_ended"),
    (MixesSubnets, "test_a_subnet_that_overlaps_is_refused"),
    (CutsNetworks, "test_a_network_goes_with_its_stopped_members_and_not_with_running_ones"),
    (RemovesStrangeNetworks, "test_a_strange_network_is_left_alone"),
    (SharesAddresses, "test_a_fixed_address_that_is_taken_is_told_at_the_start"),
    (SharesVolumes, "test_a_volume_is_made_once_and_belongs_to_its_environment"),
    (TakesAnyImage, "test_an_unknown_image_is_named"),
    (PullsAnything, "test_an_image_that_is_not_there"),
    (PushesAnotherEachTime, "test_pushed_and_pulled_by_digest"),
    (NamesNothing, "test_a_fixed_address_that_is_taken_is_told_at_the_start"),
    (NamesNothing, "test_what_is_gone_cannot_be_started_or_waited_for"),
    (DropsImagesInUse, "test_an_image_in_use_stays"),
    (LosesTheKey, "test_cancelled_it_can_be_described_and_finished"),
)


async def run(engine: type[FakeContainerEngine], rule: str, place: Path) -> None:
    given = FakeGiven(FakeClock(), engine)
    method = getattr(ContainerEngineContract(), rule)
    names = method.__code__.co_varnames[: method.__code__.co_argcount]
    await method(given, place) if "tmp_path" in names else await method(given)


@pytest.mark.parametrize(("engine", "rule"), BREAKS, ids=lambda value: getattr(value, "__name__", value))
async def test_an_engine_that_breaks_the_rule_is_caught(
    engine: type[FakeContainerEngine], rule: str, tmp_path: Path
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception, FairleadError)):
        await run(engine, rule, tmp_path)


@pytest.mark.parametrize("rule", sorted({rule for _, rule in BREAKS}))
async def test_one_that_keeps_the_rule_is_not(rule: str, tmp_path: Path) -> None:
    await run(FakeContainerEngine, rule, tmp_path)
