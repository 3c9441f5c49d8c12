"""Commands of people in containers of the live release; the output is the log of the task that is answered with."""

from __future__ import annotations

from pydantic import Base64Bytes, Field

from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import Asking, Books
from fairlead.server.routing import api_router
from fairlead.usecases import commands

router = api_router("commands", "/projects/{project}/environments/{environment}/services/{service}")


class NewCommand(Body):
    command: list[str] = Field(max_length=500, description="the words, as they are: no shell looks at them")
    timeout_s: float = Field(3600, gt=0, le=86_400)
    tenant: str = Field("", max_length=100, description="whose release, by name")
    stdin: Base64Bytes | None = Field(
        None, description="what it finds on its standard input, with an end behind it, as base64: 3 MiB at most"
    )


class NewCommandInside(NewCommand):
    instance: int = Field(0, ge=0, le=1000, description="which replica, from 1; 0: the first that runs")


@router.post("/run", status_code=201)
def run_command(
    context: Books, actor: Asking, project: str, environment: str, service: str, body: NewCommand
) -> answers.Task:
    """Run a command in a new container with the live release's image and configuration. Follow the task's log: lines of
    the command have `stdout` or `stderr` as their target, and the fact `ended` holds its exit code."""
    task = commands.run(
        context,
        actor,
        project,
        environment,
        service,
        body.command,
        timeout_s=body.timeout_s,
        tenant=body.tenant,
        stdin=body.stdin,
    )
    return shapes.task(task)


@router.post("/exec", status_code=201)
def execute_command(
    context: Books, actor: Asking, project: str, environment: str, service: str, body: NewCommandInside
) -> answers.Task:
    """Run a command in a running instance; follow it as for `run`. If the task is cut off, the command may go on inside
    the container."""
    task = commands.execute(
        context,
        actor,
        project,
        environment,
        service,
        body.command,
        instance=body.instance,
        timeout_s=body.timeout_s,
        tenant=body.tenant,
        stdin=body.stdin,
    )
    return shapes.task(task)
