"""What could harm a host, as a project file or a process asks for it: refused unless an administrator allowed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fairlead.domain.environment import Environment
from fairlead.domain.errors import Refused
from fairlead.domain.policy import SCRIPTS_AT_SERVER, Allowance, allowance_for, refused
from fairlead.domain.project import Project
from fairlead.domain.service import Harm
from fairlead.steps.left_running import harms_in
from fairlead.steps.process_resolved import ResolvedProcess


def refuse_harms(
    project: Project,
    harms: Iterable[Harm],
    allowances: Iterable[Allowance],
    environment: Environment,
    *,
    whose: str = "the project file",
) -> None:
    """Refused `policy.refused`, which names each that nobody allowed there."""
    found = refused(harms, allowances, environment.id)
    if found:
        allow = f"fairlead policy allow {found[0].key} --project {project.name}"
        is_script = found[0].key == SCRIPTS_AT_SERVER
        raise Refused(
            "policy.refused",
            f"{whose} asks for what could harm the host: "
            + "; ".join(f"{harm.key} of {harm.service} ({harm.where})" for harm in found),
            thing=project.name,
            hint=f"run it on a target, or let an administrator allow it: {allow}"
            if is_script
            else f"an administrator may allow it: {allow}",
        )


def vetted(
    project: Project, process: ResolvedProcess, allowances: Sequence[Allowance], environment: Environment, *, whose: str
) -> ResolvedProcess:
    """The process, which says of each thing that could harm a host by whom it was allowed. Refused `policy.refused`."""
    harms = harms_in(process)
    refuse_harms(project, harms, allowances, environment, whose=whose)
    found = ((harm, allowance_for(harm, allowances, environment.id)) for harm in harms)
    told = tuple(f"{harm.key} of {harm.service} is allowed by {one.allowed_by}" for harm, one in found if one)
    return replace(process, warnings=(*process.warnings, *told)) if told else process
