"""Every list of the document comes in parts, and can be asked for a part of what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.unit.server.api.conftest import KEY
from tests.unit.server.api.test_answers import DOCUMENT, Furnished
from tests.unit.server.house import ADMINISTRATOR, House
from tests.unit.server.several import fill

from fairlead.domain.ids import TaskId
from fairlead.domain.step_template import Parameter
from fairlead.server.app import create
from fairlead.usecases import access, library_sets, tenant_templates
from fairlead.usecases.variables import InLibrary

Item = Mapping[str, Any]
LISTS = {
    path: [one["name"] for one in methods["get"].get("parameters", ()) if one["in"] == "query"]
    for path, methods in DOCUMENT["paths"].items()
    if "get" in methods
    for answer in [methods["get"]["responses"].get("200", {}).get("content", {}).get("application/json", {})]
    if str(answer.get("schema", {}).get("$ref", "")).rpartition("/")[2].startswith("Page_")
}
AT_ONCE = {
    "/api/v1/projects/{project}/releases/{version}/prompts": "the fields of one form, which are answered together",
    "/api/v1/projects/{project}/runbooks/{runbook_name}/prompts": "the fields of one form, answered together",
    "/api/v1/targets/{name}/packages": "a dry run, read from the host at once",
    "/api/v1/retention": "a dry run judges all releases at once, and would for each part",
    "/api/v1/retention/packages": "a dry run judges all packages at once, and would for each part",
}
"""Lists that come whole, and why."""
WITHOUT_FILTER = {
    "/api/v1/step-templates/{template_name}/versions": "a version is known by its number",
    "/api/v1/tasks/{id}/log": "a text that is read from its beginning; what searches it has all of it",
}
"""Lists that tell nothing apart, and why."""
NAMES = {
    "/api/v1/certificates": "host",
    "/api/v1/notifications": "address",
    "/api/v1/policies": "key",
    "/api/v1/registries": "registry",
    "/api/v1/users/{name}/identities": "subject",
    "/api/v1/projects/{project}/releases": "version",
    "/api/v1/projects/{project}/releases/{version}/defects": "description",
}
"""What `search` looks at where that is not the name."""
PAGED = {path: parameters for path, parameters in LISTS.items() if path not in AT_ONCE}
FILTERS = [(path, name) for path, parameters in PAGED.items() for name in parameters if name not in {"after", "limit"}]


class World:
    """Several of everything, a caller, and what stands for the parameters of paths."""

    def __init__(self, house: House) -> None:
        self.furnished = Furnished(house)
        fill(house, TaskId(self.furnished.names["task"]))
        asked = (Parameter("Schema"), Parameter("Tone", default="plain"))
        tenant_templates.put(house.context, ADMINISTRATOR, "identity", asked)
        library_sets.add(house.context, ADMINISTRATOR, "Asks tenants")
        library_sets.include(house.context, ADMINISTRATOR, "identity", "Asks tenants")
        tenant_templates.put(house.context, ADMINISTRATOR, InLibrary("Asks tenants"), [Parameter("Site")])
        access.make_key(house.context, access.by_key(house.context, KEY, address=""), "laptop")
        self.client = TestClient(create(house.life), headers={"Authorization": f"Bearer {KEY}"})

    def part(self, path: str, **query: object) -> tuple[list[Item], str | None]:
        """The items of one answer, and where the next part begins."""
        at = path.format_map(self.furnished.named(path))
        answer = self.client.get(at, params={name: str(value) for name, value in query.items()})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return told["items"], told["next"]

    def whole(self, path: str) -> list[Item]:
        """All that it holds, in one answer."""
        items, _ = self.part(path, limit=500)
        return items


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    house = House(tmp_path_factory.mktemp("lists"))
    yield World(house)
    house.close()


@pytest.mark.parametrize("path", PAGED)
def test_a_list_comes_in_parts_that_hold_each_item_once(world: World, path: str) -> None:
    assert {"after", "limit"} <= set(PAGED[path])
    wanted = world.whole(path)
    assert len(wanted) > 1, "the world holds too little of it to tell"
    seen, after = [], None
    while True:
        items, after = world.part(path, limit=1, **({"after": after} if after else {}))
        assert len(items) <= 1
        seen += items
        if after is None:
            break
    assert seen == wanted


@pytest.mark.parametrize("path", PAGED)
def test_a_list_can_be_asked_for_what_fits(path: str) -> None:
    assert bool(set(PAGED[path]) - {"after", "limit"}) != (path in WITHOUT_FILTER)


@pytest.mark.parametrize(("path", "name"), FILTERS)
def test_a_filter_leaves_what_fits_and_nothing_else(world: World, path: str, name: str) -> None:
    whole = world.whole(path)
    value, fits = wanted_of(path, name, whole)
    expected = [one for one in whole if fits(one)]
    assert 0 < len(expected) < len(whole), "the world holds nothing that the filter would leave out, or leave"
    items, after = world.part(path, limit=500, **{name: value})
    assert (items, after) == (expected, None)


def wanted_of(path: str, name: str, whole: list[Item]) -> tuple[object, Callable[[Item], bool]]:
    """What to ask for so that a part of it all fits, and what tells of an item whether it does."""
    if name == "search":
        field = NAMES.get(path, "name")
        text = str(whole[0][field])[1:] if len(str(whole[0][field])) > 3 else str(whole[0][field])
        return text.upper(), lambda one: text.lower() in str(one[field]).lower()
    if name in BOUNDS:
        middle = str(sorted(one["at"] for one in whole)[len(whole) // 2])
        return middle, lambda one: (one["at"] >= middle) == (name == "since")
    field = FIELDS.get((path, name), name)
    value = next(flat(one[field])[0] for one in reversed(whole) if flat(one[field]))
    return value, lambda one: value in flat(one[field])


BOUNDS = ("since", "until")
"""Of moments."""
FIELDS = {
    ("/api/v1/targets", "environment"): "environments",
    ("/api/v1/targets", "tag"): "tags",
    ("/api/v1/tenants", "tag"): "tags",
    ("/api/v1/missing-tenant-values", "tag"): "tags",
}
"""The field that a filter is about where it is not called as the filter."""


def flat(held: object) -> list[Any]:
    """The values in it."""
    return list(held) if isinstance(held, (list, dict)) else [held] if held not in ("", None) else []
