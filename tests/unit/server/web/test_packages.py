"""Packages and build information on their pages."""

import io
import zipfile

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House
from tests.unit.usecases.house import push_package

from fairlead.domain.build_information import BuildCommit, BuildInformation
from fairlead.usecases import build_information


def test_packages_are_listed_fetched_and_removed(house: House, visit: Visit) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.txt", "a")
    visit.sign_in()
    assert "No packages" in visit.get("/packages")
    push_package(house.context, ADMINISTRATOR, "Web.1.0.zip", held.getvalue())
    page = visit.get("/packages?name=web")
    assert "Web.1.0.zip" in page and "/api/v1/packages/Web/1.0/content" in page
    assert "/packages" in visit.get("/setup") and "/build-information" in visit.get("/setup")
    visit.post("/packages/remove", name="Web", version="1.0")
    assert "Web 1.0 is removed." in visit.get("/packages")


def test_what_was_told_of_builds_is_text_with_links(house: House, visit: Visit) -> None:
    told = BuildInformation(
        "",
        "web",
        "1.0",
        house.context.clock.now(),
        build_number="<7>",
        build_url="https://ci.test/7",
        vcs_root="https://git.test/books",
        commits=(BuildCommit("1", "Fix #3"),),
    )
    build_information.push(house.context, ADMINISTRATOR, told)
    visit.sign_in()
    page = visit.get("/build-information")
    assert "&lt;7&gt;" in page and 'href="https://git.test/books/issues/3"' in page
