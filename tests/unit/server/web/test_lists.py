"""Every page with a list shows a part of it at a time, and finds what is searched for: held to the API's own lists.

A page whose address is that of a list of the API is one, and so is a page that can be asked for a part; a new page
need not be named here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from tests.unit.server.api.test_lists import AT_ONCE, LISTS, NAMES, World
from tests.unit.server.conftest import Visit
from tests.unit.server.house import House

from fairlead.server.routing import API
from fairlead.server.web.pages import ROUTERS
from fairlead.usecases.overview import PROJECTS_SHOWN


def asked_of(part: Dependant) -> set[str]:
    """The parameters of the query, those of what it depends on too."""
    return {one.name for one in part.query_params}.union(*map(asked_of, part.dependencies))


PAGES = {
    route.path: asked_of(route.dependant)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in route.methods
}
AS_IN_THE_API = {
    "/interruptions": "/interruptions",
    "/library-sets/{library_set}": "/library-sets/{library_set}/variables",
    "/projects/{name}/deployments": "/deployments?project=identity",
}
"""Pages of a list that the API has at another address."""
OF_ANOTHER_KIND = {
    "/": "the grid, as many projects as fit a screen: a test of its own turns its pages",
    "/grid": "a part of the page /",
    "/projects": "leads to /",
    "/tasks/{id}/log": "a text, by the numbers of its lines",
    "/projects/{project}/variable-preview": "what values come to at a place, which the API answers at the same address",
}
"""Pages that can be asked for a part, and are not walked as the others are."""


def plain(path: str) -> str:
    """Without what its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", path)


BY_ADDRESS = {plain(path.removeprefix(API)): path.removeprefix(API) for path in LISTS if path not in AT_ONCE}
WALKED = {
    path: AS_IN_THE_API.get(path) or BY_ADDRESS.get(plain(path), "")
    for path, asked in PAGES.items()
    if path not in OF_ANOTHER_KIND and (path in AS_IN_THE_API or "after" in asked or plain(path) in BY_ADDRESS)
}
SEARCHED = [
    path
    for path, same in WALKED.items()
    if "search" in LISTS.get(API + same.partition("?")[0], ()) and path not in OF_ANOTHER_KIND
]


class Pages:
    """The world of the API's lists, looked at by its administrator."""

    def __init__(self, house: House) -> None:
        self.api = World(house)
        cookies = {"fairlead_session": house.open_session("admin")}
        self.client = TestClient(self.api.client.app, cookies=cookies)

    def named(self, path: str) -> str:
        """With what stands for its parameters, which the API calls as it likes."""
        known = self.api.furnished.named(WALKED[path])
        page, api = re.findall(r"\{(\w+)", path), re.findall(r"\{(\w+)", WALKED[path])
        if len(page) != len(api):
            known, api = {**known, **dict.fromkeys(page, "identity")}, page
        return path.format_map({mine: known[theirs] for mine, theirs in zip(page, api, strict=True)})

    def items(self, path: str, **asked: str) -> list[str]:
        """What the API says that the list holds, by the names that people read; "" where they have none."""
        same = WALKED[path]
        address, _, query = same.partition("?")
        given = dict(one.split("=") for one in query.split("&") if one)
        items, _ = self.api.part(API + address, limit=500, **given, **asked)
        return [str(one.get(NAMES.get(API + address, "name"), "")) for one in items]

    def parts(self, path: str, **asked: str) -> list[str]:
        """The page's parts, from the first to the last, as its links lead."""
        answer = self.client.get(self.named(path), params={"limit": "1", **asked})
        found = []
        while True:
            assert answer.status_code == 200, answer.text
            found.append(answer.text)
            more = re.search(r'href="([^"]+)" rel="next"', answer.text)
            if more is None:
                return found
            assert len(found) < 500
            answer = self.client.get(html.unescape(more[1]))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    house = House(tmp_path_factory.mktemp("pages"))
    yield Pages(house)
    house.close()


@pytest.mark.parametrize("path", WALKED)
def test_a_page_shows_a_part_of_its_list_at_a_time(pages: Pages, path: str) -> None:
    assert "after" in PAGES[path], "the page shows everything at once"
    assert WALKED[path], "say in AS_IN_THE_API which of the API's lists it shows"
    wanted = pages.items(path)
    assert len(wanted) > 1, "the world holds too little of it to tell"
    parts = pages.parts(path)
    assert len(parts) == len(wanted)
    assert [name for name, part in zip(wanted, parts, strict=True) if html.escape(name) not in part] == []
    assert 'rel="next"' not in parts[-1]
    assert all("First</a>" in part for part in parts[1:])


@pytest.mark.parametrize("path", SEARCHED)
def test_a_page_finds_what_is_searched_for(pages: Pages, path: str) -> None:
    assert "search" in PAGES[path], "the page cannot be searched"
    whole = pages.items(path)
    text = (whole[-1][1:] if len(whole[-1]) > 3 else whole[-1]).upper()
    wanted = [name for name in whole if text in name.upper()]
    assert 0 < len(wanted) < len(whole), "the world holds nothing that the search would leave out"
    parts = pages.parts(path, search=text)
    assert len(parts) == len(wanted)
    assert [name for name, part in zip(wanted, parts, strict=True) if html.escape(name) not in part] == []
    assert all(f'value="{html.escape(text)}"' in part for part in parts)


def test_the_walk_reaches_the_lists_that_there_are() -> None:
    assert {"/tenants", "/projects/{project}/triggers", "/roles", "/environments", "/lifecycles"} <= set(SEARCHED)
    assert set(OF_ANOTHER_KIND) <= set(PAGES)


def test_the_grid_shows_each_project_once_and_finds_by_name(house: House, visit: Visit) -> None:
    for number in range(2 * PROJECTS_SHOWN + 5):
        house.add_project(f"shop-{number:02}")
    visit.sign_in()
    seen, sizes, at = [], [], "/"
    while at:
        part = visit.get(at)
        found = re.findall(r'<th scope="row".*?href="/projects/(shop-[0-9]+)"', part, flags=re.DOTALL)
        seen += found
        sizes.append(len(found))
        more = re.search(r'href="([^"]+)" rel="next"', part)
        at = html.unescape(more[1]) if more else ""
    assert (seen, sizes) == ([f"shop-{number:02}" for number in range(45)], [20, 20, 5])
    one = visit.get("/?search=SHOP-4")
    assert sorted(set(re.findall(r"/projects/(shop-[0-9]+)", one))) == [f"shop-4{number}" for number in range(5)]
