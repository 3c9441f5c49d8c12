"""The suites for registries and connections can fail: for each main rule one that breaks it is caught."""

from collections.abc import Sequence

import pytest
from tests.contract.test_connection import FakeGiven as ConnectionGiven
from tests.contract.test_registry import FakeGiven as RegistryGiven

from fairlead.domain.errors import FairleadError
from fairlead.ports.connection import Command, Progress
from fairlead.testing.contracts.connection import ConnectionContract
from fairlead.testing.contracts.registry import RegistryContract
from fairlead.testing.fake_connection import FakeConnection, Run
from fairlead.testing.fake_registry import FakeRegistry

CAUGHT = (AssertionError, pytest.fail.Exception, FairleadError, KeyError, TimeoutError)


class MindsWhatIsNotThere(FakeRegistry):
    async def digest(self, repository: str, tag: str) -> str | None:
        found = await super().digest(repository, tag)
        return found or "sha256:" + "1" * 64


class KeepsTheFirst(FakeRegistry):
    async def digest(self, repository: str, tag: str) -> str | None:
        first: dict[str, str | None] = self.__dict__.setdefault("first", {})
        return first.setdefault(f"{repository}:{tag}", await super().digest(repository, tag))


class DeletesTheRepository(FakeRegistry):
    async def delete(self, repository: str, digest: str) -> None:
        for name in [name for name in self.world.registry if f"/{repository}" in name]:
            del self.world.registry[name]


class DeletesTwiceBadly(FakeRegistry):
    async def delete(self, repository: str, digest: str) -> None:
        del self.world.registry[f"{self.address}/{repository}@{digest}"]
        await super().delete(repository, digest)


class CollectsUntagged(FakeRegistry):
    async def collect_garbage(self) -> int:
        tagged = {held.image.id for name, held in self.world.registry.items() if "@" not in name}
        for name, held in list(self.world.registry.items()):
            if held.image.id not in tagged:
                del self.world.registry[name]
        return await super().collect_garbage()


class CollectsDuringPushes(FakeRegistry):
    async def collect_garbage(self) -> int:
        self.pushes = 0
        return await super().collect_garbage()


class ListsHalf(FakeRegistry):
    async def tags(self, repository: str) -> Sequence[str]:
        return (await super().tags(repository))[:1]


REGISTRIES: tuple[tuple[type[FakeRegistry], str], ...] = (
    (MindsWhatIsNotThere, "test_what_is_not_there_has_no_digest_and_no_tags"),
    (KeepsTheFirst, "test_a_tag_names_the_digest_that_was_put_last"),
    (DeletesTheRepository, "test_only_what_was_named_is_deleted"),
    (DeletesTwiceBadly, "test_only_what_was_named_is_deleted"),
    (CollectsUntagged, "test_an_untagged_image_is_no_garbage"),
    (CollectsDuringPushes, "test_garbage_waits_for_a_push"),
    (ListsHalf, "test_tags_and_repositories_are_listed"),
)


@pytest.mark.parametrize(("kind", "rule"), REGISTRIES, ids=lambda value: getattr(value, "__name__", value))
async def test_a_registry_that_breaks_the_rule_is_caught(kind: type[FakeRegistry], rule: str) -> None:
    given = RegistryGiven()
    given.registry = kind(given.registry.world)
    with pytest.raises(CAUGHT):
        await getattr(RegistryContract(), rule)(given)


class StartsAgain(FakeConnection):
    async def start(self, ticket: str, command: Command) -> None:
        self._host.runs.pop(ticket, None)
        await super().start(ticket, command)


class ForgetsPositions(FakeConnection):
    async def progress(self, ticket: str, *, after: int = 0) -> Progress:
        return await super().progress(ticket)


class LeavesItRunning(FakeConnection):
    async def cancel(self, ticket: str) -> None:
        return None


class ForgetsNothing(FakeConnection):
    async def complete(self, ticket: str) -> None:
        return None


class InventsTickets(FakeConnection):
    async def progress(self, ticket: str, *, after: int = 0) -> Progress:
        self._host.runs.setdefault(ticket, Run())
        return await super().progress(ticket, after=after)


class ReadsWithoutLimit(FakeConnection):
    async def get(self, path: str, *, limit_bytes: int) -> bytes:
        return await super().get(path, limit_bytes=10**9)


class SpoilsTheEnd(FakeConnection):
    async def cancel(self, ticket: str) -> None:
        self._host.runs[ticket] = Run(b"", 143)


CONNECTIONS: tuple[tuple[type[FakeConnection], str], ...] = (
    (StartsAgain, "test_starting_twice_starts_once"),
    (ForgetsPositions, "test_the_log_is_told_from_any_position"),
    (LeavesItRunning, "test_cancelling_ends_it_and_its_children"),
    (ForgetsNothing, "test_completing_forgets"),
    (InventsTickets, "test_a_ticket_that_never_was_is_not_found"),
    (ReadsWithoutLimit, "test_files_are_put_whole_and_got"),
    (SpoilsTheEnd, "test_cancelling_what_has_ended_or_never_was_is_fine"),
)


@pytest.mark.parametrize(("kind", "rule"), CONNECTIONS, ids=lambda value: getattr(value, "__name__", value))
async def test_a_connection_that_breaks_the_rule_is_caught(
    kind: type[FakeConnection], rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairlead.testing.contracts.connection.PATIENCE_S", 0.5)
    given = ConnectionGiven()
    given.connection, given.successor = kind(given.host), kind(given.host)
    with pytest.raises(CAUGHT):
        await getattr(ConnectionContract(), rule)(given)
