"""Concurrency tags: of the tasks that need a tag, one at a time has it (law 6).

A task's place (project, environment, tenant) is a tag that each of its tasks needs. A variable can state one more, so
that tasks of several places wait for one another: Octopus's `Octopus.Task.ConcurrencyTag` (docs,
projects/variables/system-variables), which takes the place's place there.
"""

from __future__ import annotations

from fairlead.domain.errors import Invalid

STATED_BY = ("Octopus.Task.ConcurrencyTag", "Fairlead.Task.ConcurrencyTag")
"""A variable under one of these names states a task's tag."""
LONGEST_TAG = 200


def place_tag(project: str, environment: str, tenant: str | None = None) -> str:
    """The tag of a place: no other place has it, for neither name has a slash in it."""
    return "/".join((project, environment, *([tenant] if tenant else [])))


def checked_tag(text: str) -> str:
    """The tag as it is compared: as it is written, without spaces around it. Invalid `task.concurrency_tag`."""
    tag = text.strip()
    if len(tag) > LONGEST_TAG or not tag.isprintable():
        raise Invalid(
            "task.concurrency_tag",
            f"{tag[:40]!r}… is no concurrency tag: it is one line of up to {LONGEST_TAG} characters",
            thing=STATED_BY[0],
        )
    return tag
