"""The OpenAPI document: what FastAPI makes of the routes, with our problems, security and the words of each group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from fairlead.domain.errors import CODES
from fairlead.server.api.examples import EXAMPLES
from fairlead.server.problems import MEDIA_TYPE

TAGS = {
    "access": "Signing in, API keys, users, and the audit.",
    "installation": "What belongs to the whole installation: environments, policy, certificates, registries, notices.",
    "subscriptions": "Events of the audit that are told on, by webhook or by mail.",
    "targets": "Where steps run: hosts, how they are, and what lies on them.",
    "tenants": "Tenants, their tags, the projects that they have, and the values that they give.",
    "lifecycles": "The order in which releases may reach environments.",
    "projects": "Projects, and their repositories.",
    "variables": "Variables of projects and of library sets.",
    "processes": "What a project's deployments do, step by step, and the kinds of actions there are.",
    "releases": "Runs, which turn a commit into a release, and releases.",
    "channels": "Lines of releases of a project, with rules of their versions.",
    "packages": "The built-in feed of packages.",
    "build information": "What build servers tell of packages: commits, issues.",
    "deployments": "Deployments, going back, plans and approvals.",
    "freezes and defects": "What holds deployments back: times, and what people found wrong with a release.",
    "runbooks": "Processes that need no release, and their runs.",
    "triggers": "What a project does without being asked.",
    "tasks": "Everything durable that runs, with its log and what it left behind.",
    "insights": "How often, how soon and how safely a project is deployed.",
    "why": "Why something is as it is: chains of reasons, each with its evidence.",
    "commands": "Commands of people beside, or in, what is live.",
    "status": "What is live where, and what it writes.",
    "webhooks": "What forges and registries call; signed, and authenticated by nothing else.",
    "health": "For those who watch the server.",
}
OPEN = ("/healthz", "/readyz", "/hooks/", "/api/v1/sessions", "/api/v1/token")
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; `code` is stable and listed in the reference of error codes.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string", "description": "the code's sentence"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted(CODES)},
        "detail": {"type": "string", "description": "what happened here"},
        "hint": {"type": "string", "description": "what to do next"},
        "thing": {"type": "string", "description": "what it is about"},
        "problems": {
            "type": "array",
            "description": "places in a project file",
            "items": {
                "type": "object",
                "required": ["file", "line", "column", "key", "found", "expected"],
                "properties": {
                    "file": {"type": "string"},
                    "line": {"type": "integer"},
                    "column": {"type": "integer"},
                    "key": {"type": "string"},
                    "found": {"type": "string"},
                    "expected": {"type": "string"},
                    "is_sentence": {
                        "type": "boolean",
                        "description": "found is the whole of what is wrong, expected what to do",
                    },
                },
            },
        },
    },
}
REFUSED = {
    "description": "It was refused, and nothing was changed: the problem says why and what to do next.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
FAILED = {
    "description": "The server, or something outside that it needs, failed.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
BYTES_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
FORM = "application/x-www-form-urlencoded"
JSON_LINES = "application/x-ndjson"
LINES: dict[int | str, dict[str, Any]] = {
    200: {"content": {JSON_LINES: {"schema": {"type": "string", "description": "a JSON object on each line"}}}}
}
METRICS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string", "description": "OpenMetrics"}}}}
}


def events(words: str, *data: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """The answer of a stream: server-sent events whose data are JSON of these schemas."""
    told = {"type": "string", "description": words, "contentMediaType": "application/json"}
    return {200: {"content": {"text/event-stream": {"schema": {**told, "contentSchema": {"anyOf": list(data)}}}}}}


def form_of(schema: str) -> dict[str, Any]:
    """For a body that may be sent as a form, too."""
    return {"requestBody": {"content": {FORM: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}}


def install(app: FastAPI) -> None:
    """The application tells this document instead of FastAPI's own."""
    app.openapi = lambda: document(app)  # type: ignore[method-assign]


def document(app: FastAPI) -> dict[str, Any]:
    """Made once."""
    if app.openapi_schema:
        return app.openapi_schema
    tags = [{"name": name, "description": words} for name, words in TAGS.items()]
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes, tags=tags)
    parts = made.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for foreign in ("HTTPValidationError", "ValidationError"):
        schemas.pop(foreign, None)
    schemas["Problem"] = PROBLEM
    for name, example in EXAMPLES.items():
        schemas[name]["examples"] = [example]
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "session": {"type": "apiKey", "in": "cookie", "name": "fairlead_session", "description": "A browser's."},
    }
    for path, methods in made["paths"].items():
        for operation in methods.values():
            _complete(path, operation)
    app.openapi_schema = made
    return made


def _complete(path: str, operation: dict[str, Any]) -> None:
    operation["responses"].pop("422", None)
    operation["responses"] |= {"4XX": REFUSED, "5XX": FAILED}
    if not path.startswith(OPEN):
        operation["security"] = [{"key": []}, {"session": []}]
