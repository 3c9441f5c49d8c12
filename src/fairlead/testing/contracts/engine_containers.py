"""What every ContainerEngine keeps to with containers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from fairlead.domain.errors import Conflict, Failed, NotFound, TimedOut, TooLarge, Unreachable
from fairlead.domain.service import PublishedPort, Tmpfs
from fairlead.ports.container_engine import (
    LABEL_KEY,
    LABEL_PROJECT,
    Attachment,
    ExecResult,
    Exited,
    FileContent,
    NetworkSpec,
    OutputLine,
)
from fairlead.testing.behaviour import Behaviour
from fairlead.testing.contracts.engine_given import FOR_EVER, PATIENCE_S, GivenEngine, lines_begun, lines_of


class ContainerContract:
    """Containers: made, started, looked into, stopped and removed."""

    async def test_it_answers_with_its_version(self, given: GivenEngine) -> None:
        assert await given.engine.version()

    async def test_an_engine_that_does_not_answer_is_unreachable(self, given: GivenEngine) -> None:
        engine = given.silent_engine()
        for asking in (
            engine.version,
            engine.used_subnets,
            lambda: engine.container("x"),
            lambda: engine.stop("x", grace_s=0),
        ):
            with pytest.raises(Unreachable) as refused:
                await asking()
            assert refused.value.code == "engine.unreachable"

    async def test_it_tells_what_the_host_has_left(self, given: GivenEngine) -> None:
        left = await given.engine.resources()
        assert left.memory_free_bytes > 0
        assert left.disk_free_bytes > 0
        assert left.cpus > 0

    async def test_made_once_however_often_it_is_asked(self, given: GivenEngine) -> None:
        spec = given.spec("a", FOR_EVER)
        made = await asyncio.gather(*(given.engine.ensure_container(spec) for _ in range(3)))
        again = await given.successor.ensure_container(spec)
        assert {container.id for container in made} == {again.id}
        assert again.state == "created"
        assert again.labels[LABEL_KEY] == "a"

    async def test_it_tells_all_that_it_knows_of_a_container(self, given: GivenEngine) -> None:
        spec = given.spec("a", FOR_EVER)
        spec = replace(spec, environment={**spec.environment, "COLOUR": "blue"})
        made = await given.engine.ensure_container(spec)
        told: Any = await given.successor.inspected(spec.name)
        assert (told["Id"], told["Name"], told["Config"]["Image"]) == (made.id, f"/{spec.name}", spec.image)
        assert "COLOUR=blue" in told["Config"]["Env"]
        assert told["Config"]["Labels"][LABEL_KEY] == "a" and told["State"]["Status"] == "created"
        assert await given.engine.inspected(given.name("none")) is None

    async def test_started_once_however_often_it_is_asked(self, given: GivenEngine) -> None:
        spec = given.spec("a", FOR_EVER)
        await given.engine.ensure_container(spec)
        first = await given.engine.start(spec.name)
        second = await given.successor.start(spec.name)
        assert first.state == second.state == "running"
        assert first.started_at == second.started_at != ""
        assert (await given.engine.ensure_container(spec)).id == first.id

    async def test_what_is_so_after_a_cancellation_stays_so(self, given: GivenEngine) -> None:
        for number in range(8):
            spec = given.spec(f"a{number}", FOR_EVER)
            making = asyncio.ensure_future(given.engine.ensure_container(spec))
            await cancelled_after(0.004 * number, making)
            found = await given.successor.container(spec.name)
            await asyncio.sleep(0.3)
            assert await given.successor.container(spec.name) == found

    async def test_a_stop_that_was_cancelled_goes_on(self, given: GivenEngine) -> None:
        stubborn = given.spec("stubborn", Behaviour(ignores_stop=True), restart="always")
        await given.engine.ensure_container(stubborn)
        await given.engine.start(stubborn.name)
        await asyncio.sleep(0.3)  # a real one has set its trap by then
        await cancelled_after(0.3, asyncio.ensure_future(given.engine.stop(stubborn.name, grace_s=2)))
        running = await given.successor.container(stubborn.name)
        assert running is not None and running.state == "running"
        await given.successor.stop(stubborn.name, grace_s=5)
        await asyncio.sleep(2.5)
        ended = await given.successor.container(stubborn.name)
        assert ended is not None and ended.state == "exited"

    async def test_what_a_death_left_half_made_is_finished(self, given: GivenEngine) -> None:
        for number, name in enumerate(("n1", "n2")):
            await given.engine.ensure_network(NetworkSpec(given.name(name), given.subnet(number), given.labels(name)))
        spec = given.spec(
            "a",
            FOR_EVER,
            networks=(Attachment(given.name("n1"), ("web",)), Attachment(given.name("n2"), ("one",))),
            files=(FileContent("/etc/made/here", b"content"),),
        )
        await given.half_made(spec)
        await given.successor.ensure_container(spec)
        running = await given.successor.start(spec.name)
        assert set(running.addresses) == {given.name("n1"), given.name("n2")}
        assert await given.engine.copy_out(spec.name, "/etc/made/here", limit_bytes=100) == {"here": b"content"}

    async def test_cancelled_it_can_be_described_and_finished(self, given: GivenEngine) -> None:
        spec = given.spec("a", FOR_EVER)
        for rounds in (1, 3, 9):
            making = asyncio.create_task(given.engine.ensure_container(spec))
            for _ in range(rounds):
                await asyncio.sleep(0)
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)
            found = await given.engine.container(spec.name)
            assert found is None or found.labels.get(LABEL_KEY) == "a"
        assert (await given.successor.ensure_container(spec)).state == "created"

    async def test_what_runs_to_its_end_is_not_run_again(self, given: GivenEngine) -> None:
        spec = given.spec("a", Behaviour(output=(("stdout", "ran"),), ends_after_s=0))
        await given.engine.ensure_container(spec)
        await given.engine.start(spec.name)
        await given.engine.wait(spec.name)
        again = await given.successor.ensure_container(spec)
        assert again.state == "exited"
        assert [line.text for line in await lines_of(given.engine, spec.name)] == ["ran"]

    async def test_strangers_are_left_alone(self, given: GivenEngine) -> None:
        spec = given.spec("a", FOR_EVER)
        await given.add_stranger("container", spec.name)
        engine = given.engine
        for asking in (
            lambda: engine.ensure_container(spec),
            lambda: engine.start(spec.name),
            lambda: engine.stop(spec.name, grace_s=0),
            lambda: engine.remove(spec.name),
            lambda: engine.execute(spec.name, ["true"], timeout_s=5),
        ):
            with pytest.raises(Conflict) as refused:
                await asking()
            assert (refused.value.code, refused.value.thing) == ("engine.stranger", spec.name)
        found = await engine.container(spec.name)
        assert found is not None
        assert found.state == "running"

    async def test_another_key_under_the_name_is_a_stranger(self, given: GivenEngine) -> None:
        spec = given.spec("a", FOR_EVER)
        first = await given.engine.ensure_container(spec)
        with pytest.raises(Conflict) as refused:
            await given.engine.ensure_container(replace(spec, labels=given.labels("another")))
        assert (refused.value.code, refused.value.thing) == ("engine.stranger", spec.name)
        assert (await given.engine.ensure_container(spec)).id == first.id

    async def test_gone_is_fine(self, given: GivenEngine) -> None:
        spec = given.spec("a", FOR_EVER)
        await given.engine.stop(spec.name, grace_s=0)
        await given.engine.remove(spec.name)
        await given.engine.ensure_container(spec)
        await given.engine.start(spec.name)
        await given.engine.remove(spec.name)
        await given.engine.remove(spec.name)
        assert await given.engine.container(spec.name) is None

    async def test_what_is_gone_cannot_be_started_or_waited_for(self, given: GivenEngine) -> None:
        name = given.name("none")
        for asking in (
            lambda: given.engine.start(name),
            lambda: given.engine.wait(name),
            lambda: lines_of(given.engine, name),
            lambda: given.engine.execute(name, ["true"], timeout_s=5),
        ):
            with pytest.raises(NotFound) as refused:
                await asking()
            assert (refused.value.code, refused.value.thing) == ("engine.gone", name)

    async def test_found_by_name_id_and_labels(self, given: GivenEngine) -> None:
        labels = {**given.labels("a"), LABEL_PROJECT: given.name("p")}
        spec = given.spec("a", FOR_EVER, labels=labels)
        made = await given.engine.ensure_container(spec)
        await given.engine.ensure_container(given.spec("b", FOR_EVER))
        by_id = await given.engine.container(made.id)
        assert by_id is not None
        assert by_id.name == spec.name
        for asked in ({LABEL_PROJECT: given.name("p")}, {LABEL_PROJECT: given.name("p"), LABEL_KEY: ""}):
            assert [found.id for found in await given.engine.containers(asked)] == [made.id]
        assert await given.engine.containers({LABEL_PROJECT: given.name("p"), LABEL_KEY: "other"}) == []

    async def test_those_that_run_are_told_by_their_labels(self, given: GivenEngine) -> None:
        labels = {**given.labels("a"), LABEL_PROJECT: given.name("p")}
        made = await given.engine.ensure_container(given.spec("a", FOR_EVER, labels=labels))
        await given.engine.start((await given.engine.ensure_container(given.spec("b", FOR_EVER))).name)
        asked = {LABEL_PROJECT: given.name("p")}
        assert await given.engine.running(asked) == [], "it was not started"
        await given.engine.start(made.name)
        (told,) = await given.engine.running(asked)
        assert labels.items() <= told.items()
        await given.engine.stop(made.name, grace_s=0.1)
        assert await given.engine.running(asked) == []

    async def test_its_configuration_is_the_same_after_stop_and_start(self, given: GivenEngine) -> None:
        await given.engine.ensure_network(NetworkSpec(given.name("n"), given.subnet(0), given.labels("n")))
        address = given.subnet(0).replace("0/28", "5")
        spec = given.spec(
            "a",
            FOR_EVER,
            networks=(Attachment(given.name("n"), ("web",), address),),
            environment={"A": "1"},
            restart="unless-stopped",
        )
        await given.engine.ensure_container(spec)
        running = await given.engine.start(spec.name)
        await given.engine.stop(spec.name, grace_s=0)
        stopped = await given.engine.container(spec.name)
        assert stopped is not None
        again = await given.engine.start(spec.name)
        assert running.configuration == stopped.configuration == again.configuration
        assert running.id == again.id
        assert running.addresses == again.addresses == {given.name("n"): address}
        environment = running.configuration["environment"]
        assert isinstance(environment, Mapping)
        assert environment["A"] == "1"

    async def test_another_definition_has_another_configuration(self, given: GivenEngine) -> None:
        spec = given.spec("a", FOR_EVER, environment={"A": "1"})
        one = await given.engine.ensure_container(spec)
        await given.engine.remove(one.name)
        two = await given.engine.ensure_container(replace(spec, environment={"A": "2"}))
        assert one.configuration != two.configuration

    async def test_stopped_by_its_signal_or_killed_after_its_grace(self, given: GivenEngine) -> None:
        polite = given.spec("polite", FOR_EVER, restart="always")
        stubborn = given.spec("stubborn", Behaviour(ignores_stop=True), restart="always")
        for spec, grace_s, ended in ((polite, 10.0, {143}), (stubborn, 1.0, {137})):
            await given.engine.ensure_container(spec)
            await given.engine.start(spec.name)
            await lines_begun(given.engine, spec.name)
            await given.engine.stop(spec.name, grace_s=grace_s)
            await given.engine.stop(spec.name, grace_s=grace_s)
            found = await given.engine.container(spec.name)
            assert found is not None
            assert (found.state, found.exit_code in ended) == ("exited", True), found.exit_code

    async def test_its_restart_policy_is_changed_while_it_runs(self, given: GivenEngine) -> None:
        spec = given.spec("a", FOR_EVER, restart="no")
        await given.engine.ensure_container(spec)
        before = await given.engine.start(spec.name)
        for restart in ("unless-stopped", "unless-stopped", "no"):
            await given.engine.keep_up(spec.name, restart)
            now = await given.engine.container(spec.name)
            assert now is not None
            assert (now.id, now.state, now.started_at) == (before.id, "running", before.started_at)
            assert (now.configuration == before.configuration) is (restart == "no")
        with pytest.raises(NotFound):
            await given.engine.keep_up(given.name("gone"), "no")

    async def test_waiting_gives_the_exit_code(self, given: GivenEngine) -> None:
        spec = given.spec("a", Behaviour(ends_after_s=0.2, exit_code=7))
        await given.engine.ensure_container(spec)
        await given.engine.start(spec.name)
        async with asyncio.timeout(PATIENCE_S):
            assert await given.engine.wait(spec.name) == 7
            assert await given.successor.wait(spec.name) == 7

    async def test_output_is_told_in_order_with_its_stream_and_time(self, given: GivenEngine) -> None:
        written = (("stdout", "x" * 20_000), ("stdout", "one"), ("stderr", "two"), ("stdout", "three é"))
        spec = given.spec("a", Behaviour(output=written, ends_after_s=0.3))  # type: ignore[arg-type]
        await given.engine.ensure_container(spec)
        await given.engine.start(spec.name)
        told = await lines_of(given.engine, spec.name)
        assert [(line.stream, line.text) for line in told][1:] == list(written[1:])
        assert (told[0].stream, told[0].text) == ("stdout", "x" * 8 * 1024)
        assert [line.at for line in told] == sorted(line.at for line in told)
        assert told[0].at != ""
        tail = await lines_of(given.engine, spec.name, follow=False, tail=2)
        assert [line.text[:5] for line in tail] == ["two", "three"]
        since = [line async for line in given.engine.output(spec.name, follow=False, since=told[2].at)]
        assert [line.text[:5] for line in since] == ["two", "three"]

    async def test_commands_run_inside(self, given: GivenEngine) -> None:
        ask = ("sh", "-c", "echo inside; exit 3")
        spec = given.spec("a", Behaviour(commands={ask: ExecResult(3, "inside\n")}))
        await given.engine.ensure_container(spec)
        with pytest.raises(Failed) as refused:
            await given.engine.execute(spec.name, ask, timeout_s=5)
        assert refused.value.code == "engine.failed"
        await given.engine.start(spec.name)
        assert await given.engine.execute(spec.name, ask, timeout_s=10) == ExecResult(3, "inside\n")
        missing = await given.engine.execute(spec.name, ["no-such-program"], timeout_s=10)
        assert missing.exit_code in (126, 127)

    async def test_a_command_is_told_line_by_line_and_last_how_it_ended(self, given: GivenEngine) -> None:
        ask = ("sh", "-c", "echo one; echo two; exit 3")
        spec = given.spec("a", Behaviour(commands={ask: ExecResult(3, "one\ntwo\n")}))
        await given.engine.ensure_container(spec)
        await given.engine.start(spec.name)
        told = [piece async for piece in given.engine.executing(spec.name, ask)]
        assert told == [OutputLine("one", "stdout"), OutputLine("two", "stdout"), Exited(3)]
        await given.add_stranger("container", given.name("b"))
        with pytest.raises(Conflict) as refused:
            _ = [piece async for piece in given.engine.executing(given.name("b"), ask)]
        assert refused.value.code == "engine.stranger"

    async def test_a_command_finds_what_it_is_given_on_its_input_and_its_end(self, given: GivenEngine) -> None:
        ask = ("cat",)
        spec = given.spec("a", Behaviour(commands={ask: ExecResult(0, "")}, echoes_input=True))
        await given.engine.ensure_container(spec)
        await given.engine.start(spec.name)
        content = "".join(f"line {number}\n" for number in range(30_000)).encode()
        told = [piece async for piece in given.engine.executing(spec.name, ask, stdin=content)]
        assert [one.text for one in told[:-1] if isinstance(one, OutputLine)] == content.decode().splitlines()
        assert told[-1] == Exited(0)
        assert [piece async for piece in given.engine.executing(spec.name, ask, stdin=b"")] == [Exited(0)]

    async def test_a_container_is_fed_to_its_inputs_end(self, given: GivenEngine) -> None:
        spec = replace(given.spec("a", Behaviour(ends_after_s=0.0, echoes_input=True)), reads_input=True)
        await given.engine.ensure_container(spec)
        async with given.engine.fed(spec.name, b"one\ntwo\n"):
            assert await given.engine.wait(spec.name) == 0
        told = [line.text async for line in given.engine.output(spec.name, follow=False)]
        assert told == ["one", "two"]

    async def test_a_command_that_hangs_is_timed_out(self, given: GivenEngine) -> None:
        hang = ("sleep", "60")
        spec = given.spec("a", Behaviour(commands={hang: ExecResult(-1, "")}))
        await given.engine.ensure_container(spec)
        await given.engine.start(spec.name)
        with pytest.raises(TimedOut) as refused:
            await given.engine.execute(spec.name, hang, timeout_s=0.3)
        assert (refused.value.code, refused.value.thing) == ("step.timed_out", spec.name)

    async def test_files_are_copied_out_of_what_has_ended(self, given: GivenEngine) -> None:
        left = {"/results/a.xml": b"<a/>", "/results/sub/b.xml": b"<b/>"}
        spec = given.spec("a", Behaviour(files=left, ends_after_s=0))
        await given.engine.ensure_container(spec)
        await given.engine.start(spec.name)
        await given.engine.wait(spec.name)
        found = await given.engine.copy_out(spec.name, "/results", limit_bytes=8)
        assert found == {"a.xml": b"<a/>", "sub/b.xml": b"<b/>"}
        assert await given.engine.copy_out(spec.name, "/nowhere", limit_bytes=8) == {}
        with pytest.raises(TooLarge) as refused:
            await given.engine.copy_out(spec.name, "/results", limit_bytes=7)
        assert refused.value.thing == "/results"

    @pytest.mark.parametrize("read_only", [False, True])
    async def test_files_are_there_before_it_starts_and_after_it_started_again(
        self, given: GivenEngine, read_only: bool
    ) -> None:
        files = (FileContent("/etc/books/conf", b"conf"), FileContent("/run/secrets/key", b"key", mode=0o400))
        spec = given.spec("a", FOR_EVER, files=files, read_only=read_only, mounts=(Tmpfs("/run"),))
        await given.engine.ensure_container(spec)
        await given.engine.start(spec.name)
        await given.engine.stop(spec.name, grace_s=0)
        await given.engine.start(spec.name)
        assert await given.engine.copy_out(spec.name, "/etc/books", limit_bytes=100) == {"conf": b"conf"}
        assert await given.engine.copy_out(spec.name, "/run/secrets/key", limit_bytes=100) == {"key": b"key"}

    async def test_a_published_port_that_is_taken_is_named(self, given: GivenEngine) -> None:
        port = given.free_port()
        published = (PublishedPort("127.0.0.1", port, 80),)
        first, second = (given.spec(name, FOR_EVER, ports=published) for name in "ab")
        for spec in (first, second):
            await given.engine.ensure_container(spec)
        await given.engine.start(first.name)
        with pytest.raises(Conflict) as refused:
            await given.engine.start(second.name)
        assert (refused.value.code, refused.value.thing) == ("host.port", second.name)
        await given.engine.remove(first.name)
        assert (await given.successor.start(second.name)).state == "running"

    async def test_an_unknown_image_is_named(self, given: GivenEngine) -> None:
        spec = replace(given.spec("a", FOR_EVER), image="fairlead-no-such-image:1")
        with pytest.raises(NotFound) as refused:
            await given.engine.ensure_container(spec)
        assert refused.value.code == "image.unknown"
        assert "fairlead-no-such-image:1" in refused.value.message
        assert await given.engine.container(spec.name) is None


async def cancelled_after(seconds: float, work: asyncio.Future[Any]) -> None:
    """Cancelled so late, and at its end."""
    await asyncio.sleep(seconds)
    work.cancel()
    await asyncio.wait({work})
