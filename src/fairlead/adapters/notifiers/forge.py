"""A commit's status at its forge: GitHub, Gitea and Forgejo, GitLab, each by its REST API.

GitHub   POST /repos/{owner}/{repo}/statuses/{sha}               docs.github.com "Commit statuses", 2022-11-28
Gitea    POST /api/v1/repos/{owner}/{repo}/statuses/{sha}        repoCreateStatus; Forgejo alike
GitLab   POST /api/v4/projects/{id}/statuses/{sha}               docs.gitlab.com "Commits API"
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import quote

from fairlead.adapters.notifiers.posting import Answer, ask, refused
from fairlead.domain.errors import Invalid
from fairlead.domain.git_address import commit_id
from fairlead.ports.notifier import CommitStatus, Notice

DESCRIPTION_LENGTH = 140
"""GitHub's limit; the others take more."""

CONTEXT_LENGTH = 200
ALREADY_SO = "Cannot transition status"
"""What GitLab answers (400) when the commit has that status already: a repeated delivery is fine."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted where."""

    url: str
    headers: Mapping[str, str]
    body: Mapping[str, str]


async def report(notice: Notice, to: CommitStatus, *, timeout_s: float) -> None:
    """The commit has the status. Sent twice, the forge shows the same one."""
    request = request_of(notice, to)
    answer = await ask(request.url, json.dumps(request.body).encode(), request.headers, timeout_s=timeout_s)
    if 200 <= answer.status < 300 or _is_already_so(to, answer):
        return
    raise refused(request.url, answer, hint=_hint(answer.status))


def request_of(notice: Notice, to: CommitStatus) -> Request:
    """The request that the forge's API asks for."""
    commit = commit_id(to.commit)
    description = " ".join((notice.body or notice.subject).split())[:DESCRIPTION_LENGTH]
    base = to.api_url.rstrip("/")
    if to.forge == "gitlab":
        project = quote(to.repository, safe="")
        state = {"pending": "pending", "success": "success", "failure": "failed", "error": "failed"}[to.state]
        body = {"state": state, "name": to.context[:CONTEXT_LENGTH], "description": description}
        url = f"{_with_api(base, '/api/v4')}/projects/{project}/statuses/{commit}"
        return Request(url, {"PRIVATE-TOKEN": to.token}, body | ({"target_url": notice.link} if notice.link else {}))
    status = {"state": to.state, "context": to.context[:CONTEXT_LENGTH], "description": description}
    status |= {"target_url": notice.link} if notice.link else {}
    path = f"repos/{_owner_and_name(to.repository)}/statuses/{commit}"
    match to.forge:
        case "github":
            headers = {
                "Authorization": f"Bearer {to.token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            }
            return Request(f"{base}/{path}", headers, status)
        case "gitea":
            headers = {"Authorization": f"token {to.token}", "Accept": "application/json"}
            return Request(f"{_with_api(base, '/api/v1')}/{path}", headers, status)
        case other:
            assert_never(other)


def _with_api(base: str, path: str) -> str:
    return base if base.endswith(path) else base + path


def _owner_and_name(repository: str) -> str:
    parts = repository.strip("/").split("/")
    if len(parts) != 2 or not all(parts) or ".." in parts:
        raise Invalid("input.invalid", f"{repository[:100]!r} is not owner/name", thing=repository[:100])
    return "/".join(quote(part, safe="") for part in parts)


def _is_already_so(to: CommitStatus, answer: Answer) -> bool:
    return to.forge == "gitlab" and answer.status == 400 and ALREADY_SO in answer.text


def _hint(status: int) -> str:
    if status in (401, 403):
        return "give the project's forge a token that may write commit statuses"
    if status == 404:
        return "check the forge's base address and owner/name, and that the token may see the repository"
    return "it is tried again later"
