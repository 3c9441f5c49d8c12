"""A real server, engine and proxy: killed in the middle of each effect of a blue-green deployment, and each undo."""

from pathlib import Path

from fairlead.testing.ground.outside import Engine
from fairlead.testing.ground.projects import STRATEGIES
from fairlead.testing.ground.sweep import Choice, Results, sweep, told

DISK = Path("/var/tmp")  # on a disk, as an installation's data is


def test_a_server_killed_in_any_effect_or_undo_ends_exactly_old_or_exactly_new(
    docker_socket: Path, haproxy_binary: Path, registry_binary: Path
) -> None:
    results = Results()
    blue_green = [one for one in STRATEGIES if one.name == "blue-green"]
    sweep(Engine(str(docker_socket)), Choice(blue_green, extent="quick"), results, print, place=DISK)
    assert results.holds, told(results)
    assert all(one.deaths == 1 for one in results.tried), told(results)
    assert {one.end for one in results.tried} == {"new", "old"}
