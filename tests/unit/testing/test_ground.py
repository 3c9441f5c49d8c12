"""What the sweep on the real engine decides from its captures, and what it shows."""

import json
import tarfile
from io import BytesIO

import pytest

from fairlead.domain.plan import Effect, Plan, Sequence
from fairlead.testing.ground import image
from fairlead.testing.ground.outside import State
from fairlead.testing.ground.projects import STRATEGIES
from fairlead.testing.ground.server import ThrowAway
from fairlead.testing.ground.sweep import Choice, Results, quick, told, usual
from fairlead.testing.ground.table import table, what_went_wrong
from fairlead.testing.ground.trial import Bed, Tried
from fairlead.testing.ground.verdict import unlike_new, unlike_old
from fairlead.testing.matrix import Point
from fairlead.testing.mischief import Mischief


def container(version: str, id: str, **changes: object) -> dict[str, object]:
    held = {"id": id, "is_running": True, "service": "web", "version": version, "kind": "instance"}
    return {**held, "configuration": version, "networks": ["env", f"slot-{version}"], **changes}


def state(version: str, id: str, address: str = "10.0.0.2", **more: object) -> State:
    return {
        f"container web.{version}": container(version, id),
        "network env": {"id": "n1", "subnets": []},
        f"network slot-{version}": {"id": f"n{version}", "subnets": []},
        "route #1 web.test": f"pool_{version}",
        f"server pool_{version}/s1": f"{address}:8080 admin=0",
        f"slot Test {version}": {"state": "live", "release": f"rel-{version}", "network": f"slot-{version}"},
        f"registration web.{version}": [address, 8080, "blue"],
        **more,
    }


def test_the_same_state_is_exactly_old_and_a_new_volume_stays():
    assert unlike_old(state("1", "a"), state("1", "a")) == []
    assert unlike_old(state("1", "a"), state("1", "a", **{"volume data": True})) == []


@pytest.mark.parametrize(
    ("after", "wrong"),
    [
        (state("1", "b"), "container web.1 is"),
        (state("1", "a", **{"container tests": container("2", "t")}), "container tests is left"),
        (state("1", "a", **{"route #1 web.test": "pool_2"}), "route #1 web.test is pool_2"),
        ({}, "network env is gone"),
    ],
)
def test_anything_else_is_not_exactly_old(after, wrong):
    assert any(said.startswith(wrong) for said in unlike_old(state("1", "a"), after))


def test_another_release_in_the_same_shape_is_exactly_new():
    assert unlike_new(state("1", "a"), state("2", "b", "10.0.0.9"), "2", keeps_standby=False) == []


@pytest.mark.parametrize(
    ("after", "wrong"),
    [
        (state("1", "a"), "containers:"),
        (state("2", "b", **{"container migrate": container("2", "m", kind="migration")}), "containers:"),
        (state("2", "b", **{"network slot-1": {"id": "n9", "subnets": []}}), "networks:"),
        (state("2", "b", **{"slot Test x": {"state": "idle", "release": "r", "network": "n"}}), "slots:"),
        (state("2", "b", **{"server pool_2/s1": "10.0.0.66:8080 admin=0"}), "the proxy sends users to 10.0.0.66:8080"),
        (state("2", "a"), "container web.2 is of the old release"),
    ],
)
def test_anything_else_is_not_exactly_new(after, wrong):
    found = unlike_new(state("1", "a"), after, "2", keeps_standby=False)
    assert any(said.startswith(wrong) for said in found), found


def bed(name: str) -> Bed:
    keys = ["state:before", "network:environment", "start:web:1", "fill:sweepx-web", "point", "stop:worker"]
    forward = Sequence(tuple(Effect("kind", key, key) for key in keys))
    made = Bed(None, next(one for one in STRATEGIES if one.name == name), "image")  # type: ignore[arg-type]
    made.plan = Plan("deployment", "", {}, forward, Effect("kind", "commit", "commit", is_undone=False))
    made.project = "sweepx"
    return made


def test_quick_kills_each_effect_and_each_undo_of_blue_green_and_one_of_every_other():
    points = [str(point) for point in quick(bed("blue-green"))]
    assert "blue-green die:during:do:commit" in points
    assert "blue-green no:after:do:stop:worker+die:during:undo:network:environment" in points
    assert "blue-green die:during:do:network:environment" not in points  # it is so already
    assert len(points) == 6 + 6
    assert [str(point) for point in quick(bed("worker"))] == ["worker die:during:do:stop:worker"]


def test_usual_tries_everything_that_can_go_wrong_but_a_second_node():
    struck = {(point.mischiefs[-1].deed, point.mischiefs[-1].verb) for point in usual(bed("worker"))}
    assert {deed for deed, _ in struck} == {"die", "twice", "late", "no", "fail", "cancel"}
    assert ("die", "undo") in struck


def test_shards_share_all_points_out_and_a_seed_gives_the_same_order():
    made = bed("worker")
    whole = {str(point) for point in Choice().of(made)}
    shards = [[str(point) for point in Choice(shard=(number, 3)).of(made)] for number in (1, 2, 3)]
    assert sorted(point for shard in shards for point in shard) == sorted(whole)
    assert Choice(seed=7).of(made) == Choice(seed=7).of(made)
    assert Choice(seed=7).of(made) != Choice(seed=8).of(made)


def test_a_point_is_written_the_same_for_every_installation_and_read_back():
    made = bed("worker")
    point = Point("worker", (Mischief.from_text("die:during:do:fill:sweepx-web"),))
    assert made.text_of(point) == "worker die:during:do:fill:OURS-1"
    assert made.point_of(made.text_of(point)) == point
    assert made.point_of("worker seed:3") == made.point_of("worker seed:3")


def test_what_held_is_known_again_and_red_ones_are_told_with_their_command(tmp_path):
    results = Results(tmp_path / "results.jsonl")
    results.keep(Tried("worker die:during:do:point", "new", "live", 1, 2.5))
    results.keep(Tried("worker no:after:do:a+die:before:undo:point", "otherwise", wrong=("web is left",)))
    assert Results(tmp_path / "results.jsonl").known() == {"worker die:during:do:point"}
    said = told(results)
    assert "2 points tried: 1 exactly new, 0 exactly old, 1 otherwise" in said
    assert "python -m fairlead.testing.ground.sweep --point 'worker no:after:do:a+die:before:undo:point'" in said
    assert "a failure, and the server killed before an undo" in table(results.tried)
    assert not results.holds
    whole = json.loads(json.dumps(results.to_json(version="1")))
    assert (whole["tried"], whole["holds"], whole["points"][0]["deaths"]) == (2, False, 1)
    assert what_went_wrong("seed:4") == "several things at once"


def test_orders_are_read_while_the_server_runs(tmp_path):
    server = ThrowAway.__new__(ThrowAway)
    server.orders = tmp_path
    server.order({"die:during:do:point": 1})
    assert json.loads((tmp_path / "mischief.json").read_text()) == {"die:during:do:point": 1}
    assert server.struck() == []


def test_the_image_holds_this_python_and_the_application():
    with tarfile.open(fileobj=BytesIO(image.archive())) as tar:
        names = {f"/{name}" for name in tar.getnames()}
    assert {image.SCRIPT, image.command("serve")[0], "/etc/nsswitch.conf"} <= names
    assert any(name.endswith("/os.py") for name in names)
