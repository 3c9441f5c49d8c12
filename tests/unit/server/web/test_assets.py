"""Static files: kept for ever under the hash of their content, packed, and never outside their folder."""

from __future__ import annotations

import gzip
import hashlib
import re

import pytest
from tests.unit.server.conftest import Visit

from fairlead.server.web import assets


def test_pages_name_files_by_their_content_and_browsers_keep_them(visit: Visit) -> None:
    page = visit.get("/sign-in")
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        answer = visit.client.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == assets.FOR_EVER
        again = visit.client.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_an_old_address_is_served_but_not_kept(visit: Visit) -> None:
    answer = visit.client.get("/static/000000000000/fairlead.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, assets.ASK_AGAIN)


def test_files_are_packed_for_who_takes_it(visit: Visit) -> None:
    address = assets.url("vendor/tabler.min.css")
    packed = visit.client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = visit.client.get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    asset = assets.read("vendor/tabler.min.css")
    assert gzip.decompress(asset.packed) == asset.content
    assert len(asset.packed) * 4 < len(asset.content)


@pytest.mark.parametrize("name", ["%2e%2e/pages.py", "..%2fpages.py", "none.css", "vendor", "/etc/passwd", "a%00b"])
def test_nothing_else_is_served(visit: Visit, name: str) -> None:
    assert visit.client.get(f"/static/x/{name}").status_code in (400, 404)


def test_vendored_files_are_those_that_were_looked_at() -> None:
    folder = assets.FOLDER / "vendor"
    for row in (folder / "SHA384SUMS").read_text().splitlines():
        digest, name = row.split()
        assert hashlib.sha384((folder / name.lstrip("*")).read_bytes()).hexdigest() == digest


def test_the_icon_of_a_tab_is_there_without_signing_in(visit: Visit) -> None:
    answer = visit.client.get("/favicon.ico")
    assert answer.headers["content-type"].startswith("image/svg+xml")
