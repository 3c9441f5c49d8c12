"""A request and an answer, as far as this site needs them."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """What was asked. Header names are lower case; of repeated fields the first counts."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: int
    body: str
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: object) -> "Answer":
        return cls(200, json.dumps(value) + "\n", "application/json")

    @classmethod
    def see_other(cls, place: str) -> "Answer":
        return cls(303, "", headers={"Location": place})
