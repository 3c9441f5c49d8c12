"""What a registry's notification says, from a captured one."""

import copy
import json

import pytest

from fairlead.domain.errors import Invalid, NotAuthenticated
from fairlead.domain.registry_event import Push, read_pushes

DIGEST = "sha256:a8f6833451d0b2675cdfd103a5815703f8c90a2aa55d82e9c3d004aab720f7c5"
EVENT = {
    "id": "9ed4bfcd-bd9f-49eb-8560-fead81ae93f7",
    "timestamp": "2026-11-21T07:31:11.551151229Z",
    "action": "push",
    "target": {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "size": 479,
        "digest": DIGEST,
        "repository": "demo/web",
        "tag": "1.2.3",
    },
    "request": {"method": "PUT"},
}
HEADERS = {"Authorization": "Bearer s3cret"}


def event(**changes: object) -> dict[str, object]:
    changed = copy.deepcopy(EVENT)
    for name, value in changes.items():
        (changed["target"] if name in ("mediaType", "digest", "repository", "tag") else changed)[name] = value  # type: ignore[index]
    return changed


def test_a_push_of_a_tagged_manifest_is_told_once() -> None:
    body = json.dumps({"events": [EVENT, EVENT]}).encode()
    assert read_pushes("s3cret", HEADERS, body) == (Push(str(EVENT["id"]), "demo/web", "1.2.3", DIGEST),)


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "pull"},
        {"mediaType": "application/octet-stream"},
        {"tag": None},
        {"tag": "-x"},
        {"digest": "sha256:1"},
        {"repository": "../x"},
        {"id": 7},
    ],
)
def test_anything_else_says_nothing(changes: dict[str, object]) -> None:
    assert read_pushes("s3cret", HEADERS, json.dumps({"events": [event(**changes), 7]}).encode()) == ()


@pytest.mark.parametrize("given", ["", "Bearer wrong", "s3cret", "bearer s3cret"])
def test_without_the_token_nothing_is_read(given: str) -> None:
    with pytest.raises(NotAuthenticated):
        read_pushes("s3cret", {"authorization": given}, b"no json")
    with pytest.raises(NotAuthenticated):
        read_pushes("", {"authorization": "Bearer "}, b"{}")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"events": 7}', b"{}"])
def test_a_body_that_is_no_notification_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        read_pushes("s3cret", HEADERS, body)
