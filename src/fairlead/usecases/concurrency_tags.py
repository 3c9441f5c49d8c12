"""The concurrency tag that a variable states for a deployment or a run of a runbook, when its task is made.

From frozen variables and what is known of the whole task: so it is the same whenever it is asked for, and the task
keeps its place in the line for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain import system_variables
from fairlead.domain.concurrency import STATED_BY, checked_tag
from fairlead.domain.deployment import Deployment
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Invalid
from fairlead.domain.known_variables import Known
from fairlead.domain.project import Project
from fairlead.domain.substitution import substitute
from fairlead.domain.system_variables import SystemVariables
from fairlead.domain.task import Task
from fairlead.domain.tenant import Tenant
from fairlead.domain.variable import Scope
from fairlead.store.database import Connection
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going
from fairlead.usecases.values import scope_at, system_of, table_of

NOT_YET = "not-yet"
"""The id of a task that is only looked at."""


def of_deployment(
    context: Context,
    connection: Connection,
    going: Going,
    deployment: Deployment,
    *,
    task: Task | None = None,
) -> str:
    """What its variables state; "" where they state nothing. Invalid `task.concurrency_tag`."""
    told = system_variables.of_deployment(
        deployment.id,
        f"Deploy {going.project.name} {going.release.version} to {going.environment.name}",
        number=deployment.number,
        created_at=deployment.created_at,
        created_by=deployment.created_by,
    )
    system = system_of(context, connection, going.project, going.environment, going.release, going.tenant)
    return _stated(connection, deployment.variables, going.scope, system, told | _of_task(task, deployment))


def of_runbook(
    context: Context,
    connection: Connection,
    project: Project,
    environment: Environment,
    snapshot: str,
    task: Task,
    name: str,
    *,
    tenant: Tenant | None = None,
) -> str:
    """As `of_deployment`; the task's subject is the runbook, `snapshot` the variables of the run."""
    told = system_variables.of_runbook(task.subject, name)
    told |= system_variables.of_task(task.id, task.title, task.created_at)
    system = system_of(context, connection, project, environment, None, tenant)
    return _stated(connection, snapshot, scope_at(environment, process=task.subject, tenant=tenant), system, told)


def _of_task(task: Task | None, deployment: Deployment) -> dict[str, str]:
    if task is None:
        return system_variables.of_task(NOT_YET, "", deployment.created_at)
    return system_variables.of_task(task.id, task.title, task.created_at)


def _stated(
    connection: Connection, snapshot: str, scope: Scope, system: SystemVariables, told: Mapping[str, str]
) -> str:
    holding = table_of(connection, snapshot).at(scope)
    name = next((one for one in STATED_BY if holding.find(one) is not None), "")
    if not name:
        return ""
    known = Known(holding, system, SystemVariables(told))
    hint = "a tag may be made of variables that are known before the task begins, none of them a secret"
    try:
        value = substitute(known[name], known.get, where=name, names=known)
    except Invalid as error:
        raise Invalid(
            "task.concurrency_tag", f"{name} cannot be read: {error.message}", thing=name, hint=hint
        ) from error
    if not isinstance(value, str):
        message = f"{name} holds a secret, and who waits for whom is shown to everybody who looks"
        raise Invalid("task.concurrency_tag", message, thing=name, hint=hint)
    return checked_tag(value)
