"""Targets: places that steps run on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query, Response
from pydantic import Field

from fairlead.domain.project import Tenancy
from fairlead.domain.target import MOST_TENANTS, SSH_PORT, TargetKind
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, Limit, Parts, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import target_files, targets
from fairlead.usecases.target_tenancy import Serving
from fairlead.usecases.targets import NewSsh, TargetChange, TargetView

router = api_router("targets")

Names = Annotated[list[str], Field(max_length=100)]
Tenants = Annotated[list[str], Field(max_length=MOST_TENANTS)]


class SshBody(Body):
    host: str = Field(max_length=253)
    user: str = Field(max_length=33)
    port: int = Field(SSH_PORT, ge=1, le=65535)
    key: str = Field("", max_length=20_000, description="private key; without one a new pair is made")
    host_key: str = Field("", max_length=5000, description="as ssh-keyscan prints it: type and base64")


class NewTarget(Body):
    name: str = Field(max_length=80)
    environments: Names
    tags: Names = Field(default_factory=list)
    ssh: SshBody | None = Field(None, description="without it the target is the server's own host")
    description: str = Field("", max_length=1000)
    tenancy: Tenancy = Field(Tenancy.EITHER, description="whether it serves tenants, nobody in particular, or both")
    tenants: Tenants = Field(default_factory=list, description="by name; none, and no tags: all")
    tenant_tags: Tenants = Field(default_factory=list, description="Set/Tag; of one set any, of each set one")


class ChangedTarget(Body):
    environments: Names | None = None
    tags: Names | None = None
    enabled: bool | None = None
    ssh: SshBody | None = Field(None, description="a key or host key that is not given stays")
    description: str | None = Field(None, max_length=1000)
    tenancy: Tenancy | None = Field(None, description="untenanted: the tenants and tags that it names are forgotten")
    tenants: Tenants | None = Field(None, description="all tenants that it names; none, and no tags: all tenants")
    tenant_tags: Tenants | None = None


class Trusted(Body):
    fingerprint: str = Field(max_length=100, description="SHA256:…, as ssh-keygen -lf prints it at the host")


def shape(view: TargetView) -> answers.Target:
    """Without the private key."""
    one = view.target
    ssh: answers.SshAccess | None = None
    if one.ssh is not None:
        ssh = {
            "host": one.ssh.host,
            "port": one.ssh.port,
            "user": one.ssh.user,
            "host_key": one.ssh.host_key,
            "public_key": one.ssh.public_key,
        }
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind,
        "environments": list(view.environments),
        "tags": list(one.tags),
        "enabled": one.is_enabled,
        "ssh": ssh,
        "available": None if view.health is None else view.health.is_available,
        "looked_at": view.health.at.isoformat() if view.health else None,
        "available_reason": view.health.reason if view.health else "",
        "description": one.description,
        "tenancy": one.tenancy,
        "tenants": list(view.tenants),
        "tenant_tags": list(one.tenant_tags),
        "hidden_tenants": view.hidden_tenants,
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
        "revision": one.revision,
    }


@router.get("/targets")
def list_targets(
    context: Books,
    actor: Asking,
    environment: str = "",
    kind: TargetKind | None = None,
    tag: str = "",
    search: Annotated[str, Query(description="part of a name")] = "",
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[answers.Target]:
    """Targets, by name."""
    part = targets.page(
        context, actor, environment=environment, kind=kind, tag=tag, search=search, after=after, limit=limit
    )
    return shapes.page(part, shape)


@router.post("/targets", status_code=201)
def add_target(context: Books, server: Parts, actor: Asking, body: NewTarget) -> answers.Target:
    """Add a target. For a host over SSH without a key, a key pair is made."""
    needs_key = body.ssh is not None and not body.ssh.key
    made = targets.add(
        context,
        actor,
        body.name,
        only_in=body.environments,
        tags=body.tags,
        ssh=_ssh(body.ssh),
        made_key=server.host_keys.new_pair(f"fairlead-{body.name}") if needs_key else None,
        description=body.description,
        serving=_serving(body),
    )
    return shape(made)


@router.get("/targets/{name}")
def get_target(context: Books, actor: Asking, name: str, response: Response) -> answers.Target:
    """One target, by name or id."""
    return _tagged(targets.get(context, actor, name), response)


@router.patch("/targets/{name}")
def change_target(
    context: Books,
    actor: Asking,
    name: str,
    body: ChangedTarget,
    response: Response,
    if_match: Annotated[str | None, Header(description="the ETag that was read")] = None,
) -> answers.Target:
    """Change some fields of the target; with If-Match only if nobody has changed it since."""
    serving = _serving(body)
    wanted = TargetChange(body.description, body.tags, body.environments, body.enabled, _ssh(body.ssh), serving)
    return _tagged(targets.change(context, actor, name, wanted, revision=revision_of(if_match)), response)


@router.delete("/targets/{name}", status_code=204)
def remove_target(context: Books, actor: Asking, name: str) -> Response:
    """Remove the target: steps no longer run on it."""
    targets.remove(context, actor, name)
    return Response(status_code=204)


@router.post("/targets/{name}/trust")
async def trust_target(context: Books, server: Parts, actor: Asking, name: str, body: Trusted) -> answers.Target:
    """Trust the key with this fingerprint: from now on the host must prove that it has it."""
    return shape(await targets.trust(context, actor, server.host_keys, name, body.fingerprint))


@router.post("/targets/{name}/check")
async def check_target(context: Books, server: Parts, actor: Asking, name: str) -> answers.TargetSeen:
    """Check whether the target answers, by a harmless command."""
    seen = await targets.check(context, actor, server.hosts, name)
    return {"took_s": seen.took_s, "programs": list(seen.programs)}


@router.get("/targets/{name}/packages")
async def list_packages_of_target(
    context: Books, server: Parts, actor: Asking, name: str
) -> answers.Page[answers.LyingPackage]:
    """The packages that deployments and runbooks left on the target, read from there, the newest first; and which of
    them the next ones would remove, and why. Nothing is removed."""
    return shapes.whole(await target_files.preview(context, actor, server.hosts, name), _lying)


def _lying(one: target_files.LyingPackage) -> answers.LyingPackage:
    held = one.package
    return {
        "id": held.id,
        "project": held.project,
        "environment": held.environment,
        "tenant": held.tenant,
        "runbook": held.runbook,
        "action": held.action,
        "package": held.package,
        "version": held.version,
        "directory": held.directory,
        "is_kept": one.is_kept,
        "reason": one.reason,
        "installed_at": held.installed_at,
    }


def _ssh(body: SshBody | None) -> NewSsh | None:
    return None if body is None else NewSsh(body.host, body.user, body.port, body.key, body.host_key)


def _serving(body: NewTarget | ChangedTarget) -> Serving:
    return Serving(body.tenancy, body.tenants, body.tenant_tags)


def _tagged(view: TargetView, response: Response) -> answers.Target:
    tag(response, view.target.revision)
    return shape(view)
