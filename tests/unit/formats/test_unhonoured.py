"""What a Compose file says and Fairlead does not do is told, however deep it stands."""

from __future__ import annotations

import pytest
from tests.unit.formats.projects import compiled, place, problem, repository

from fairlead.formats.schema import tables

PROJECT = "project: books\ncompose: compose.yaml\nservices: {web: {accessory: true}}\n"
TOP = "volumes: {data: {}}\nnetworks: {back: {}}\nconfigs: {ini: {content: x}}\n"


def warned(keys: str, top: str = TOP) -> list[str]:
    compose = f"services:\n  web:\n    image: x\n    {keys}\n{top}"
    folded = ("networks.back: is folded",)
    warnings = compiled(repository(PROJECT, compose, conf="x")).warnings
    return [line.split(" ", 1)[1] for line in warnings if not any(one in line for one in folded)]


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ("volumes: [{type: volume, source: data, target: /d, volume: {nocopy: true}}]", "volumes[0].volume.nocopy"),
        ("volumes: ['/a', 'data:/d:rw,nocopy']", "volumes[1].volume.nocopy"),
        ("volumes: [{type: bind, source: ./conf, target: /c, read_only: true, bind: {propagation: rshared}}]",
         "volumes[0].bind.propagation"),
        ("volumes: [{type: bind, source: ./conf, target: /c, read_only: true, bind: {selinux: z}}]",
         "volumes[0].bind.selinux"),
        ("networks: {back: {mac_address: '02:42:ac:11:65:43'}}", "networks.back.mac_address"),
        ("networks: {back: {link_local_ips: [169.254.1.1]}}", "networks.back.link_local_ips"),
        ("networks: {back: {priority: 1000}}", "networks.back.priority"),
        ("networks: {back: {interface_name: eth7}}", "networks.back.interface_name"),
        ("networks: {back: {driver_opts: {a: b}}}", "networks.back.driver_opts"),
    ],
)  # fmt: skip
def test_an_option_that_is_not_honoured_is_a_warning_with_its_place(keys: str, key: str) -> None:
    assert warned(keys) == [f"services.web.{key}: is not honoured"]


def test_options_that_say_what_is_so_anyway_are_no_warning() -> None:
    bind = "{type: bind, source: ./conf, target: /c, read_only: true, bind: {create_host_path: false, propagation: }}"
    volume = "{type: volume, source: data, target: /d, consistency: cached, volume: {nocopy: false}}"
    assert warned(f"volumes: [{bind}, {volume}]") == []


@pytest.mark.parametrize(
    ("top", "said"),
    [
        ("networks: {default: {driver: bridge, ipam: {config: [{subnet: 10.9.0.0/24}]}}}", "networks.default"),
        ("networks: {default: {driver_opts: {com.docker.network.driver.mtu: '1400'}}}", "networks.default"),
    ],
)
def test_the_default_networks_options_are_not_dropped_unsaid(top: str, said: str) -> None:
    [line] = warned("init: true", top)
    assert line == f"{said}: is replaced by Fairlead's own networks"
    assert warned("init: true", "networks: {default: {}}") == warned("init: true", "networks: {default: }") == []


def test_labels_of_a_volume_are_not_dropped_unsaid() -> None:
    assert warned("init: true", "volumes: {data: {labels: {a: b}}}") == ["volumes.data.labels: is not honoured"]


def test_a_part_of_a_volume_is_not_taken_for_all_of_it() -> None:
    keys = "volumes: [{type: volume, source: data, target: /d, volume: {subpath: public}}]"
    found = problem(repository(PROJECT, f"services:\n  web:\n    image: x\n    {keys}\n{TOP}"))
    assert found.key == "services.web.volumes[0].volume.subpath"
    assert place(found) == ("compose.yaml", 4, f"    {keys}".index("subpath") + 1)
    assert found.expected == "the whole volume, or a volume of its own"


def test_an_unknown_option_of_a_mount_is_a_slip() -> None:
    keys = "volumes: [{type: volume, source: data, target: /d, volume: {nocpy: true}}]"
    found = problem(repository(PROJECT, f"services:\n  web:\n    image: x\n    {keys}\n{TOP}"))
    assert found.expected == "did you mean 'nocopy'?"


def test_the_reference_names_them() -> None:
    told = tables()["ignored"]
    assert (
        "`networks.mac_address`" in told and "`volumes.volume.nocopy`" in told and "`volumes.bind.propagation`" in told
    )
    assert "`volumes.volume.subpath`" in tables()["dangerous"]
