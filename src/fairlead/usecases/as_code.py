"""Projects as code: what a project's own repository declares is changed there, and nowhere else."""

from __future__ import annotations

from fairlead.domain.errors import Refused
from fairlead.domain.project import Project
from fairlead.formats.declared.repository import FOLDER
from fairlead.usecases.context import Context


def refuse_edit(context: Context, project: Project, noun: str) -> None:
    """Refused `project.as_code` where the project's repository declares that noun, and it is not the repository that
    speaks."""
    if noun in project.code_nouns and not context.is_from_repository:
        raise Refused(
            "project.as_code",
            f"the {noun} of {project.name} is declared in its repository",
            thing=project.name,
            hint=f"change {FOLDER}/ there and push; fairlead projects set {project.name} --no-as-code ends that",
        )
