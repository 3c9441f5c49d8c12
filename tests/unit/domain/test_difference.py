"""What differs is told in sentences that a person can read."""

from __future__ import annotations

import pytest

from fairlead.domain.difference import differing
from fairlead.domain.record import Json

SECRET: dict[str, Json] = {"path": "/run/secrets/password", "content": {"is": "SecretRef", "id": "sec-1"}, "is": "File"}
OTHER: dict[str, Json] = {"path": "/etc/app.conf", "content": "a = 1", "is": "File"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"replicas": 1}, {"replicas": 2}, ["web: replicas: was 1, is 2"]),
        ({"files": []}, {"files": [SECRET]}, ["web: files: with /run/secrets/password"]),
        ({"files": [SECRET, OTHER]}, {"files": [OTHER]}, ["web: files: without /run/secrets/password"]),
        (
            {"files": [OTHER]},
            {"files": [{**OTHER, "content": "a = 2"}]},
            ['web: files[0].content: was "a = 1", is "a = 2"'],
        ),
        ({"files": [OTHER, OTHER]}, {"files": [OTHER]}, ["was [{"]),
        ({"command": ["run"]}, {"command": ["run", "-v"]}, ['web: command: was ["run"], is ["run","-v"]']),
        ({"ports": [{"host": 1}]}, {"ports": [{"host": 1}, {"host": 2}]}, ['web: ports: with {"host":2}']),
    ],
)
def test_what_came_and_what_went_is_called_by_its_name(old: Json, new: Json, said: list[str]) -> None:
    found = list(differing(old, new, "web: "))
    assert len(found) == len(said) and all(words in one for words, one in zip(said, found, strict=True)), found
