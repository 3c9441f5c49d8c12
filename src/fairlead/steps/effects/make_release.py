"""release.make: the run's release is recorded, once, with all that is needed to deploy it without the repository."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import cast

from fairlead.domain.effect import Done, Outcome
from fairlead.domain.errors import Conflict
from fairlead.domain.ids import ReleaseId
from fairlead.domain.looked_up import NotLookedUp, ScriptSource, StepImage
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json, to_data
from fairlead.domain.release import Change
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.run_resolved import SourceAccess
from fairlead.steps.script_source import commit_of
from fairlead.steps.words import counted
from fairlead.steps.workspace import project_root, read_files

CHANGES_LIMIT = 200
MOST_ROUNDS = 5
"""Of looking up: the files that the release brings may name other repositories and images than were known before."""


@dataclass(frozen=True, slots=True)
class NewRelease:
    """What the release will be. `images` and `test_image` name the effects whose output has the reference; `named` are
    references that hold a variable and get their digest at the deployment."""

    run: str
    version: str
    branch: str
    commit: str
    previous: str
    folder: str
    workspace: str
    source: SourceAccess
    carried: tuple[str, ...]
    images: Mapping[str, str]
    test_image: str = ""
    warnings: tuple[str, ...] = field(default=())
    channel: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)


class MakeRelease(Plain):
    """Keeps the files, lists the commits since the last release, and records the release.

    Facts: ``version, branch, commit, previous_commit, folder, run, images (service → reference), test_image, files
    (path → key), changes ([{commit, author, at, subject}]), warnings, channel (its id), packages (name → version),
    script_commits ([[source, commit]]), step_images ([[image, reference by digest]])``: the fields of
    `domain.release.Release`.
    """

    kind = "release.make"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Records it; asked again, the same release is told."""
        wanted = read(NewRelease, effect)
        root = await asyncio.to_thread(project_root, wanted.workspace, wanted.folder)
        contents = await asyncio.to_thread(read_files, root, wanted.carried)
        files = {path: await tools.artifacts.put_blob(content) for path, content in contents.items()}
        changes = await _changes(wanted, tools)
        facts: dict[str, Json] = {
            "version": wanted.version,
            "branch": wanted.branch,
            "commit": wanted.commit,
            "previous_commit": wanted.previous,
            "folder": wanted.folder,
            "run": wanted.run,
            "images": {service: _reference(key, tools) for service, key in wanted.images.items()},
            "test_image": _reference(wanted.test_image, tools) if wanted.test_image else "",
            "files": cast("Json", files),
            "changes": [cast("Json", asdict(change)) for change in changes],
            "warnings": list(wanted.warnings),
            "channel": wanted.channel,
            "packages": dict(wanted.packages),
        }
        release = await _made(facts, tools)
        held = ((len(wanted.images), "image"), (len(files), "file"), (len(changes), "commit"))
        tools.say(f"release {wanted.version}: {', '.join(counted(*one) for one in held)}")
        return Done({"release": release, "version": wanted.version})


async def _made(facts: dict[str, Json], tools: Tools) -> ReleaseId:
    """The release; what its process takes from other repositories, and which images its steps run, is looked up as soon
    as it is known what that is."""
    commits: dict[ScriptSource, str] = {}
    images: dict[StepImage, str] = {}
    for _ in range(MOST_ROUNDS):
        told = {"script_commits": to_data(list(commits.items())), "step_images": to_data(list(images.items()))}
        try:
            return await tools.records.create_release(tools.task, {**facts, **told})
        except NotLookedUp as lacking:
            for one in lacking.wanted:
                if isinstance(one, StepImage):
                    images[one] = await tools.checkouts.of_image(one)
                    tools.say(f"{one} is {images[one].rpartition('@')[2]}")
                    continue
                repository = await tools.checkouts.of_repository(tools.task, one.url)
                commits[one] = await commit_of(tools.source, repository, one)
                tools.say(f"{one.file} of {one.url} at {one.ref} is of commit {commits[one][:12]}")
    raise Conflict("edit.conflict", "the process kept changing while its repositories were asked")


def _reference(key: str, tools: Tools) -> str:
    return str(tools.outputs[key]["reference"])


async def _changes(wanted: NewRelease, tools: Tools) -> list[Change]:
    repository = await wanted.source.open(tools.task, tools.secrets)
    commits = await tools.source.commits_between(
        repository, wanted.previous or None, wanted.commit, limit=CHANGES_LIMIT
    )
    return [Change(commit.id, commit.author, commit.at, commit.subject) for commit in commits]
