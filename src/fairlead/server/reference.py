"""The reference of settings, routes and error codes, made from the code by `make reference`; a test holds it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from fastapi.routing import APIRoute

from fairlead.domain import errors
from fairlead.domain.permission import Permission
from fairlead.server import health
from fairlead.server.app import ROUTERS, described
from fairlead.server.openapi import OPEN, TAGS
from fairlead.server.settings import Settings, environment_name

NOTE = "*This page is generated from the code (`make reference`).*"
EXIT_CODES = {
    0: "It was done, or there was nothing to do.",
    1: "It failed, or was refused; or what was waited for ended otherwise than well.",
    2: "The input is wrong: an option, a name, a file.",
    3: "Changes are pending (`release update-variables --preview`).",
    4: "Not signed in, or not allowed.",
    5: "The thing is not there.",
    124: "A stated bound was reached.",
    130: "Interrupted (Ctrl-C).",
}


def settings_page() -> str:
    """docs/reference/settings.md."""
    lines = [
        "# Settings\n",
        f"{NOTE}\n",
        "Each setting has a name in the TOML file (`/etc/fairlead/fairlead.toml`, or the one that `--config` or",
        "`FAIRLEAD_CONFIG` names) and one in the environment. The environment wins over the file, the file over the",
        "default. `FAIRLEAD_…_FILE` names a file that holds the value, for secrets. An unknown name is an error in the",
        "file; in the environment it is warned of in the log and by `fairlead-server doctor`, which shows what is in",
        "force and where it comes from.\n",
        "| name | environment | default | what it is |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = "" if default in (None, "", ()) else f"`{default}`"
        lines.append(f"| `{name}` | `{environment_name(name)}` | {shown} | {_cell(field.description or '')} |")
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """docs/reference/error-codes.md."""
    lines = [
        "# Error codes\n",
        f"{NOTE}\n",
        "A code is stable. In the API it is the member `code` of a problem (RFC 9457), in the command line it stands",
        "in brackets after the sentence.\n",
        "## Families\n",
        "The family of an error decides the HTTP status and the exit code; most codes come with one family, some with",
        "several (`source.unreachable` is 503 where nothing answers and 504 where a bound was reached).\n",
        "| family | HTTP | exit code | what it means |",
        "|---|---|---|---|",
    ]
    for family in sorted(_families(), key=lambda one: (one.http_status, one.__name__)):
        words = (inspect.getdoc(family) or "").splitlines()[0]
        lines.append(f"| {family.__name__} | {family.http_status} | {family.exit_code} | {_cell(words)} |")
    lines += ["\n## Exit codes of the command line\n", "| code | what it means |", "|---|---|"]
    lines += [f"| {code} | {words} |" for code, words in EXIT_CODES.items()]
    lines += ["\n## Codes\n", "| code | what it says |", "|---|---|"]
    lines += [f"| `{code}` | {_cell(sentence)} |" for code, sentence in sorted(errors.CODES.items())]
    return "\n".join(lines) + "\n"


def api_page() -> str:
    """docs/reference/api.md."""
    made = described()
    lines = [
        "# REST API\n",
        f"{NOTE}\n",
        "Everything that pages and command line do. The whole description of bodies and answers is the OpenAPI",
        "document at `/api/v1/openapi.json`.\n",
        "- **Who asks**: `Authorization: Bearer KEY` with an API key (`fairlead keys add`), or a browser's session",
        "  with the header `X-CSRF-Token`. Only what is marked *open* needs neither.",
        "- **Errors** are `application/problem+json` with a stable [code](error-codes.md).",
        "- **Lists** come as `{items, next}`: give `next` as `after` for the next part; `limit` says how many.",
        "- **Repeats**: a `POST` with an `Idempotency-Key` is done once; repeats are answered as the first time,",
        "  without secrets that are shown once. One that comes before the first was answered is told to wait",
        "  (`idempotency.under_way`). Where the server died between the act and its answer, a repeat does not do it",
        "  again, and says so (`idempotency.answer_lost`, five minutes later).",
        "- **Edits**: a project has an `ETag`; with `If-Match` it is changed only if nobody else changed it since.",
        "- **Streams** (`…/follow`, `…/output`) are server-sent events; a log is resumed by `Last-Event-ID`.",
        "- Each answer has an `X-Request-Id`: yours, or a new one.\n",
    ]
    permissions = _permissions()
    for tag, words in TAGS.items():
        lines += [f"## {tag.capitalize()}\n", f"{words}\n", "| method | path | what it does | permission |"]
        lines.append("|---|---|---|---|")
        for path, methods in made["paths"].items():
            for method, operation in methods.items():
                if operation["tags"] == [tag]:
                    needed = "*open*" if path.startswith(OPEN) else permissions.get((method.upper(), path), "")
                    lines.append(f"| {method.upper()} | `{path}` | {_cell(operation['description'])} | {needed} |")
        lines.append("")
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """File name → text, below docs/reference."""
    return {"settings.md": settings_page(), "error-codes.md": errors_page(), "api.md": api_page()}


def _families() -> Iterator[type[errors.FairleadError]]:
    for found in vars(errors).values():
        if inspect.isclass(found) and issubclass(found, errors.FairleadError) and found is not errors.FairleadError:
            yield found


def _permissions() -> dict[tuple[str, str], str]:
    """What a route's use case asks for, read from its source; "" where being known is enough."""
    return {
        (method, route.path.replace(":path}", "}")): _asked_by(route.endpoint)
        for router in (*ROUTERS, health.router)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def _asked_by(endpoint: Any) -> str:
    """One of those that the same function asks for, and so for each; who may do anything may view."""
    order = [permission.name for permission in Permission]
    asked = _required_by(endpoint)
    told = [each for each in asked if each != {"VIEW"}] or asked
    each = [" or ".join(f"`{Permission[name].value}`" for name in sorted(names, key=order.index)) for names in told]
    return " and ".join(dict.fromkeys(each))


def _required_by(function: Any) -> list[set[str]]:
    """The permissions in its source, or in that of what it hands the actor on to."""
    source = inspect.getsource(function)
    if own := set(re.findall(r"Permission\.([A-Z_]+)", source)):
        return [own]
    found = []
    for module, verb in re.findall(r"\b(?:(\w+)\.)?(\w+)\(\s*(?:context,\s*)?actor\b", source):
        known = vars(function.__globals__[module]) if module in function.__globals__ else function.__globals__
        used = known.get(verb)
        if inspect.isfunction(used) and used is not function:
            found += _required_by(used)
    return found


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
