"""How the tests visit a running guest book: by TEST_URL, and by each address in TEST_INSTANCES."""

import json
import os
import re
from http.client import HTTPConnection, HTTPMessage, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

VERSION = (Path(__file__).parent.parent / "VERSION").read_text().strip()
PUBLIC = os.environ.get("TEST_URL", "http://web:8080").rstrip("/")
INSTANCES = [place.rstrip("/") for place in re.split(r"[\s,]+", os.environ.get("TEST_INSTANCES", "")) if place]
RELEASE = os.environ.get("TEST_RELEASE", "")
ENVIRONMENT = os.environ.get("TEST_ENVIRONMENT", "")
TIMEOUT_S = 10


class Page:
    """What came back. No redirect is followed."""

    def __init__(self, status: int, headers: HTTPMessage, text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text

    def json(self) -> dict:
        return json.loads(self.text)


def places() -> list[str]:
    """Every address to look at: each instance by itself, where they are named."""
    return [place if "://" in place else f"http://{place}" for place in INSTANCES] or [PUBLIC]


def visit(path: str, place: str = PUBLIC, form: dict[str, str] | None = None) -> Page:
    """Ask `place` for `path`; with a form, post it."""
    url = urlsplit(place)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=TIMEOUT_S)
    try:
        body = urlencode(form) if form is not None else None
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        connection.request("GET" if form is None else "POST", url.path + path, body, headers)
        answer = connection.getresponse()
        return Page(answer.status, answer.headers, answer.read().decode())
    finally:
        connection.close()
