"""What a build server says of a package that it built: where, from which commits, for which issues.

As Octopus has it (docs.octopus.com, "Build information"): it is pushed for a package and a version, and may come before
the package does. Issues are what is told, and what the commits' messages name: ``#12`` of a repository at a forge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.errors import Invalid, TooLarge

LONGEST_TEXT = 2_000
LONGEST_COMMENT = 20_000
MOST_COMMITS = 2_000
MOST_WORK_ITEMS = 2_000

_ISSUE = re.compile(r"(?:^|(?<=[\s(\[,;:]))(?:GH-|#)([1-9][0-9]{0,9})\b", re.IGNORECASE)
_FORGE = re.compile(r"https?://[^\s]+")


@dataclass(frozen=True, slots=True)
class BuildCommit:
    """A commit that went into the package."""

    id: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """An issue that the package settles; `url` "" where it leads nowhere."""

    id: str
    url: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class BuildInformation:
    """Of one package and version. `commit` is the commit that was built, `vcs_root` its repository's address."""

    id: str
    package: str
    version: str
    created_at: datetime
    build_environment: str = ""
    build_number: str = ""
    build_url: str = ""
    branch: str = ""
    vcs_type: str = ""
    vcs_root: str = ""
    commit: str = ""
    commits: tuple[BuildCommit, ...] = ()
    work_items: tuple[WorkItem, ...] = ()
    created_by: str = ""
    revision: int = 1

    @property
    def issues(self) -> tuple[WorkItem, ...]:
        """Those that were told, then those that the commits name, each once."""
        return distinct((*self.work_items, *_named(self)))


def check(one: BuildInformation) -> None:
    """TooLarge or Invalid where it says more than can be kept, or a link that is none."""
    texts = (one.build_environment, one.build_number, one.build_url, one.branch, one.vcs_type, one.vcs_root, one.commit)
    if len(one.commits) > MOST_COMMITS or len(one.work_items) > MOST_WORK_ITEMS:
        raise TooLarge("input.too_large", f"{one.package} {one.version} has too many commits or work items")
    if any(len(text) > LONGEST_TEXT for text in texts) or any(len(c.comment) > LONGEST_COMMENT for c in one.commits):
        raise TooLarge("input.too_large", f"a text of {one.package} {one.version} is too long", thing=one.package)
    for url in (one.build_url, *(item.url for item in one.work_items)):
        if url and not _FORGE.fullmatch(url):
            raise Invalid("input.invalid", f"{url[:80]!r} is not an address", thing="build_url", hint="https://…")


def distinct(items: Iterable[WorkItem]) -> tuple[WorkItem, ...]:
    """Each issue once, as it came first."""
    found: dict[tuple[str, str], WorkItem] = {}
    for item in items:
        found.setdefault((item.id, item.url), item)
    return tuple(found.values())


def commit_url(one: BuildInformation, commit: str) -> str:
    """Where the forge shows the commit; "" where the repository has no address of the web."""
    root = _web(one.vcs_root)
    return f"{root}/commit/{commit}" if root and commit else ""


def values_of(found: Sequence[BuildInformation], packages: Mapping[str, str]) -> dict[str, str]:
    """The variables that a template of release notes goes over: ``Release.Package[…]``, ``Release.WorkItems[…]`` and
    ``Release.Builds[…]``, without the prefix."""
    values: dict[str, str] = {}
    for name, version in packages.items():
        values |= {f"Release.Package[{name}].PackageId": name, f"Release.Package[{name}].Version": version}
    for number, one in enumerate(found):
        at = f"Release.Package[{one.package}]"
        values |= {f"{at}.PackageId": one.package, f"{at}.Version": one.version}
        values |= dict(_listed(at, one.issues, [(one, commit) for commit in one.commits]))
        values |= {f"Release.Builds[{number}].{name}": value for name, value in _build(one).items()}
    every = distinct(item for one in found for item in one.issues)
    return values | dict(_listed("Release", every, []))


def listed(at: str, found: Sequence[BuildInformation]) -> dict[str, str]:
    """``AT.WorkItems[…]``, ``AT.Commits[…]`` and ``AT.BuildInformation[…]`` of several builds. Of what there is none
    there is an empty list: a loop over nothing would take the number in AT for what it goes over."""
    values = dict(
        _listed(
            at,
            distinct(item for one in found for item in one.issues),
            [(one, commit) for one in found for commit in one.commits],
        )
    )
    for number, one in enumerate(found):
        values |= {f"{at}.BuildInformation[{number}].{name}": value for name, value in _build(one).items()}
    firsts = {"WorkItems": "Id", "Commits": "Id", "BuildInformation": "PackageId"}
    none = [name for name, first in firsts.items() if f"{at}.{name}[0].{first}" not in values]
    return values | {f"{at}.{name}": "[]" for name in none}


def _listed(
    at: str, items: Sequence[WorkItem], commits: Sequence[tuple[BuildInformation, BuildCommit]]
) -> Iterator[tuple[str, str]]:
    for number, item in enumerate(items):
        for name, value in (("Id", item.id), ("LinkUrl", item.url), ("Description", item.description)):
            yield f"{at}.WorkItems[{number}].{name}", value
    for number, (one, commit) in enumerate(commits):
        place = f"{at}.Commits[{number}]"
        yield f"{place}.Id", commit.id
        yield f"{place}.CommitId", commit.id
        yield f"{place}.LinkUrl", commit_url(one, commit.id)
        yield f"{place}.Comment", commit.comment


def _build(one: BuildInformation) -> dict[str, str]:
    return {
        "PackageId": one.package,
        "Version": one.version,
        "Packages": json.dumps([{"PackageId": one.package, "Version": one.version}]),
        "BuildUrl": one.build_url,
        "Branch": one.branch,
        "BuildEnvironment": one.build_environment,
        "BuildNumber": one.build_number,
        "VcsRoot": one.vcs_root,
        "VcsType": one.vcs_type,
        "VcsCommitNumber": one.commit,
        "VcsCommitUrl": commit_url(one, one.commit),
    }


def _named(one: BuildInformation) -> Iterator[WorkItem]:
    root = _web(one.vcs_root)
    for commit in one.commits:
        for found in _ISSUE.finditer(commit.comment):
            first = commit.comment.splitlines()[0][:LONGEST_TEXT]
            yield WorkItem(found[1], f"{root}/issues/{found[1]}" if root else "", first)


def _web(root: str) -> str:
    return root.removesuffix("/").removesuffix(".git") if _FORGE.fullmatch(root) else ""
