"""`offline`, on a host in memory: what is seen, what is refused and why, what is done."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.server.test_boot import copy_of, cut

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, NotFound, Refused
from fairlead.domain.slot import SlotState
from fairlead.server import offline_shown, offline_switch
from fairlead.server.beside import WithoutServer
from fairlead.server.settings import read
from fairlead.store import catalogue_copy, switch_notes
from fairlead.store.catalogue_copy import CopiedInstance, PlaceCopy
from fairlead.store.hold import Hold
from fairlead.testing.deploy_world import World
from fairlead.testing.scenarios import SCRIPTS, WARM


async def warm() -> tuple[World, WithoutServer]:
    """1.1.0 is live in green, 1.0.0 stands by in blue, its worker is stopped."""
    world = World()
    for version in ("1.0.0", "1.1.0"):
        await world.deploy(WARM, version, scripts=SCRIPTS)
    return world, WithoutServer(world.engine, world.routes, world.connection, world.clock)


async def whole_copy(world: World) -> PlaceCopy:
    found = await world.catalogue.find(world.place)
    instances = tuple(
        CopiedInstance(one.service, one.instance, one.colour, one.address, one.port, one.deployment, one.container)
        for one in found
    )
    return replace(await copy_of(world), instances=instances)


async def test_users_are_sent_back_and_workers_swapped(tmp_path: Path) -> None:
    world, outside = await warm()
    seen = await offline_switch.look(await whole_copy(world), outside)
    assert (seen.live, seen.other, seen.problems) == (Colour.GREEN, Colour.BLUE, ())
    said: list[str] = []
    await offline_switch.switch_back(seen, outside, tmp_path, said.append)
    assert said
    assert world.live_version() == "1.0.0"
    assert set(world.proxy.durable.values()) == {Colour.BLUE}
    swap = await offline_switch.swap_of(seen, outside)
    assert [line.split()[:2] for line in swap.lines()] == [["docker", "stop"]] * 2 + [["docker", "start"]] * 2
    await offline_switch.carry_out(swap, outside)
    swapped = {name for name in world.standing() if "_cron." in name or "_worker." in name}
    assert {name.split(".")[1] for name in swapped} == {"blue"} and len(swapped) == 2
    ((_, note),) = switch_notes.read_all(tmp_path)
    assert (note.place, note.colour) == (world.place, Colour.BLUE)
    again = await offline_switch.look(await whole_copy(world), outside, Colour.BLUE)
    await offline_switch.switch_back(again, outside, tmp_path, said.append)  # once more is fine
    assert world.live_version() == "1.0.0"
    assert len(switch_notes.read_all(tmp_path)) == 1


async def test_lines_for_a_shell_change_nothing() -> None:
    world, outside = await warm()
    seen = await offline_switch.look(await whole_copy(world), outside)
    lines = await offline_switch.commands(seen, outside, Path("/run/a socket"))
    assert lines and all(line.endswith("| socat - UNIX-CONNECT:'/run/a socket'") for line in lines)
    assert world.live_version() == "1.1.0"


@pytest.mark.parametrize(
    ("state", "why"),
    [(SlotState.EMPTY, "nothing stands in blue"), (SlotState.IDLE, "being filled or retired")],
)
async def test_a_slot_that_does_not_stand_is_refused(tmp_path: Path, state: SlotState, why: str) -> None:
    world, outside = await warm()
    copy = await whole_copy(world)
    slots = {**copy.slots, Colour.BLUE: replace(copy.slots[Colour.BLUE], state=state)}
    seen = await offline_switch.look(replace(copy, slots=slots), outside)
    with pytest.raises(Conflict, match=why) as refused:
        await offline_switch.switch_back(seen, outside, tmp_path, lambda _: None)
    assert refused.value.code == "deployment.no_way_back"
    assert world.live_version() == "1.1.0"
    assert switch_notes.read_all(tmp_path) == []


async def test_what_does_not_answer_and_a_proxy_that_is_gone_are_named() -> None:
    world, outside = await warm()
    cut(world, comes_up=False)
    seen = await offline_switch.look(await whole_copy(world), outside)
    assert any("does not answer at" in problem for problem in seen.problems)
    world.proxy.is_up = False
    (problem,) = (await offline_switch.look(await whole_copy(world), outside)).problems
    assert "proxy" in problem


async def test_a_proxy_that_does_not_answer_leaves_where_users_are_unsaid() -> None:
    world, outside = await warm()
    world.proxy.is_up = False
    seen = await offline_switch.look(await whole_copy(world), outside)
    first, *more = offline_shown._shown(seen)
    assert first == "books in Production: where users are sent is not known; our books call green live (1.1.0)"
    assert not any("nowhere" in line or "does not answer" in line for line in more if "no way back" not in line)
    assert any(line.endswith(" answers") for line in more)
    assert offline_shown._as_data(seen)["proxy_answers"] is False


async def test_routes_that_point_at_both_slots_are_told_as_that() -> None:
    """As after half of the commands were pasted."""
    world, outside = await warm()
    seen = await offline_switch.look(await whole_copy(world), outside)
    assert offline_shown._shown(seen)[0] == "books in Production: users get green (1.1.0)"
    half = replace(seen, live=None, pointed={**seen.pointed, "another": Colour.BLUE})
    assert offline_shown._shown(half)[0] == "books in Production: users get blue (1.0.0) and green (1.1.0), by route"
    nowhere = replace(seen, live=None, pointed={})
    assert offline_shown._shown(nowhere)[0] == "books in Production: users get nothing"


async def test_of_what_has_no_route_nothing_is_said_of_routes() -> None:
    """As of a project whose process runs scripts alone."""
    world, outside = await warm()
    seen = await offline_switch.look(replace(await whole_copy(world), routes=()), outside)
    assert seen.problems == ("it has no route: there is nothing to switch",)


async def test_asked_twice_it_does_not_send_users_forward_again(tmp_path: Path) -> None:
    world, outside = await warm()
    copy = await whole_copy(world)
    await offline_switch.switch_back(await offline_switch.look(copy, outside), outside, tmp_path, lambda _: None)
    again = await offline_switch.look(copy, outside)
    with pytest.raises(Conflict, match="users are in blue already, which stood by: `--to green` would send them for"):
        await offline_switch.switch_back(again, outside, tmp_path, lambda _: None)
    assert world.live_version() == "1.0.0"
    forward = await offline_switch.look(copy, outside, Colour.GREEN)
    assert forward.problems == ()


async def test_it_is_refused_while_the_server_runs(tmp_path: Path) -> None:
    settings = read({"FAIRLEAD_DATA_DIR": str(tmp_path)})
    with Hold(tmp_path), pytest.raises(Refused, match=r"the server runs \(process \d+\)") as refused:
        await offline_shown.switch_back(settings, "books", "Production", None)
    assert refused.value.code == "server.second"
    assert "fairlead rollback" in refused.value.hint
    with pytest.raises(NotFound):  # it ended; there is nothing of that name
        await offline_shown.switch_back(settings, "books", "Production", None)


async def test_another_place_names_those_that_there_are(tmp_path: Path) -> None:
    world, _ = await warm()
    copy = await whole_copy(world)
    assert offline_switch.chosen([copy], "books", "production", file=tmp_path) is copy
    with pytest.raises(NotFound, match="there are: books in Production"):
        offline_switch.chosen([copy], "books", "Test", file=tmp_path)


async def test_one_place_is_shown_where_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read({"FAIRLEAD_DATA_DIR": str(tmp_path)})
    world, _ = await warm()
    copies = [replace(await copy_of(world), environment=name) for name in ("Test", "Production")]
    monkeypatch.setattr(catalogue_copy, "read_all", lambda folder: copies)
    assert await offline_shown.status(settings, "books", "test", as_json=False)
    told = capsys.readouterr().out
    assert "books in Test: " in told and "Production" not in told
    for as_json in (False, True):
        with pytest.raises(NotFound, match="shop has no copy in ") as unknown:
            await offline_shown.status(settings, "shop", as_json=as_json)
        assert (unknown.value.code, capsys.readouterr().out) == ("project.unknown", "")
        assert unknown.value.hint == "there are: books in Test, books in Production"
        with pytest.raises(NotFound, match="books in Nowhere has no copy in ") as unknown:
            await offline_shown.status(settings, "books", "Nowhere", as_json=as_json)
        assert unknown.value.code == "environment.unknown"


async def test_a_place_of_a_tenant_is_named_as_a_shell_takes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way back that is shown leads to that tenant's place, and not to the one of nobody."""
    world, outside = await warm()
    nobodys = replace(await whole_copy(world), environment="US East")
    its = replace(nobodys, tenant="Acme Corp")
    seen = replace(await offline_switch.look(await whole_copy(world), outside), copy=its)
    *_, way_back = offline_shown._shown(seen)
    assert way_back == "  way back: fairlead-server offline switch-back books 'US East/Acme Corp'"
    *_, project, where = shlex.split(way_back)
    assert offline_switch.chosen([nobodys, its], project, where, file=tmp_path) is its
    assert offline_switch.chosen([nobodys, its], "Books", "us east", file=tmp_path) is nobodys
    with pytest.raises(NotFound, match="there are: books in US East, books in US East/Acme Corp"):
        offline_switch.chosen([nobodys, its], "books", "US East/Other", file=tmp_path)
    monkeypatch.setattr(catalogue_copy, "read_all", lambda folder: [nobodys, its])
    settings = read({"FAIRLEAD_DATA_DIR": str(tmp_path)})
    assert await offline_shown.status(settings, project, where, as_json=False)
    told = capsys.readouterr().out
    assert "books in US East for Acme Corp: " in told and "books in US East: " not in told
    assert await offline_shown.status(settings, project, "US East", as_json=True)
    assert [one["tenant"] for one in json.loads(capsys.readouterr().out)] == [None, "Acme Corp"]


async def test_a_torn_copy_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings, torn = read({"FAIRLEAD_DATA_DIR": str(tmp_path)}), tmp_path / "catalogue" / "books-test.json"
    torn.parent.mkdir()
    assert await offline_shown.status(settings, as_json=False)
    assert "no place has a copy" in capsys.readouterr().err
    torn.write_text('{"project": "bo')
    assert not await offline_shown.status(settings, as_json=False)
    told = capsys.readouterr().err
    assert f"{torn} cannot be read: " in told and "no place has a copy" not in told
    assert not await offline_shown.status(settings, "books", as_json=False), "it may be the torn one"
    for act in (offline_shown.print_commands, offline_shown.switch_back):
        with pytest.raises(NotFound):
            await act(settings, "books", "Test", None)
        assert f"{torn} cannot be read: " in capsys.readouterr().err, "else it seems that nothing was ever there"
    (said,) = catalogue_copy.unreadable(torn.parent)
    assert said.startswith(f"{torn} cannot be read: Unterminated string")
