"""What belongs to the installation: environments, policy, certificates, notifications."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from fairlead.domain.approval import LONGEST_WAIT_S
from fairlead.domain.errors import Refused
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asked, Asking, Books, Limit, Parts, Search, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.store import projects
from fairlead.usecases import certificates, environments, notifications, policies

router = api_router("installation")


class NewEnvironment(Body):
    name: str = Field(max_length=40)
    order: int = Field(0, ge=0, le=1000)
    description: str = Field("", max_length=1000)
    asks_approval: bool | None = Field(None, description="without it: where the environment before it asks")
    approval_expires_s: int = Field(0, ge=0, le=LONGEST_WAIT_S, description="without an answer; 0: never")
    guided: bool = Field(
        default=False, description="a person is asked where an action fails, unless the process says no"
    )


class EnvironmentChange(Body):
    description: str | None = Field(None, max_length=1000)
    asks_approval: bool | None = None
    approval_expires_s: int | None = Field(None, ge=0, le=LONGEST_WAIT_S, description="without an answer; 0: never")
    guided: bool | None = None


class NewPolicy(Body):
    project: str
    key: str = Field(max_length=300)
    environment: str = ""
    note: str = Field("", max_length=1000)


class CertificateBody(Body):
    chain: str = Field(max_length=100_000)
    key: str = Field(max_length=20_000)


class NewNotification(Body):
    address: str = Field(max_length=500)
    events: list[str] = Field(default_factory=list, max_length=50)
    secret: str = Field("", max_length=500)
    project: str = ""


class NotificationChange(Body):
    events: list[str] | None = Field(None, max_length=50)
    secret: str | None = Field(None, max_length=500, description='"": nothing signs it any more')


class EnvironmentOrder(Body):
    names: list[str] = Field(max_length=1000, description="every environment, once")


@router.get("/environments")
def list_environments(context: Books, actor: Asking, asked: Asked) -> answers.Page[answers.Environment]:
    """The environments, in the order in which releases reach them."""
    part = environments.page(context, actor, search=asked.search, after=asked.after, limit=asked.limit)
    return shapes.page(part, shapes.environment)


@router.post("/environments", status_code=201)
def add_environment(context: Books, actor: Asking, body: NewEnvironment) -> answers.Environment:
    """Add an environment."""
    made = environments.add(
        context,
        actor,
        body.name,
        order=body.order,
        description=body.description,
        asks_approval=body.asks_approval,
        approval_expires_s=body.approval_expires_s,
        is_guided=body.guided,
    )
    return shapes.environment(made)


@router.put("/environments")
def arrange_environments(context: Books, actor: Asking, body: EnvironmentOrder) -> answers.Page[answers.Environment]:
    """Set the order in which releases reach the environments. Name each environment exactly once."""
    return shapes.whole(environments.arrange(context, actor, body.names), shapes.environment)


@router.get("/environments/{name}")
def get_environment(context: Books, actor: Asking, name: str, response: Response) -> answers.Environment:
    """One environment, by name or id."""
    found = environments.get(context, actor, name)
    tag(response, found.revision)
    return shapes.environment(found)


@router.patch("/environments/{name}")
def change_environment(
    context: Books,
    actor: Asking,
    name: str,
    body: EnvironmentChange,
    response: Response,
    if_match: Annotated[str | None, Header(description='the revision that was read: "3"')] = None,
) -> answers.Environment:
    """Change some fields of the environment; with If-Match only if nobody has changed it since."""
    made = environments.change(
        context,
        actor,
        name,
        description=body.description,
        asks_approval=body.asks_approval,
        approval_expires_s=body.approval_expires_s,
        is_guided=body.guided,
        revision=revision_of(if_match),
    )
    tag(response, made.revision)
    return shapes.environment(made)


@router.delete("/environments/{name}", status_code=204)
def remove_environment(context: Books, actor: Asking, name: str) -> Response:
    """Remove an environment to which nothing was ever deployed."""
    environments.remove(context, actor, name)
    return Response(status_code=204)


@router.get("/policies")
def list_policies(context: Books, actor: Asking, asked: Asked, project: str = "") -> answers.Page[answers.Policy]:
    """What administrators allowed project files to do beyond what is harmless."""
    return shapes.cut(
        policies.all_of(context, actor, project=project),
        shapes.policy,
        asked,
        name=lambda one: one.allowance.harm,
        order=lambda one: one.allowance.id,
    )


@router.post("/policies", status_code=201)
def allow(context: Books, actor: Asking, body: NewPolicy) -> answers.Policy:
    """Allow one thing that could harm the host."""
    made = policies.allow(context, actor, body.project, body.key, environment=body.environment, note=body.note)
    return shapes.policy(made)


@router.delete("/policies/{id}", status_code=204)
def revoke(context: Books, actor: Asking, id: str) -> Response:
    """Take the allowance back: the thing is refused again."""
    policies.revoke(context, actor, id)
    return Response(status_code=204)


@router.get("/certificates")
def list_certificates(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[answers.TlsCertificate]:
    """TLS certificates, by host."""
    return shapes.page(certificates.page(context, actor, search=search, after=after, limit=limit), shapes.certificate)


@router.get("/certificates/{host}")
def get_certificate(context: Books, actor: Asking, host: str) -> answers.TlsCertificate:
    """The certificate of one host."""
    return shapes.certificate(certificates.get(context, actor, host))


@router.put("/certificates/{host}")
async def put_certificate(
    context: Books, server: Parts, actor: Asking, host: str, body: CertificateBody
) -> answers.TlsCertificate:
    """Give the host a certificate, or renew it. The proxy uses it from the next handshake on."""
    if not server.settings.proxy_https_port:
        message = "routes have no port for TLS on this server"
        raise Refused("server.settings", message, thing=host, hint="set FAIRLEAD_PROXY_HTTPS_PORT")
    made = await context.database.run(lambda: certificates.put(context, actor, host, body.chain, body.key))
    pem = await context.database.run(lambda: certificates.pem_of(context, made))
    await server.proxy.ensure_certificate(host, pem)
    return shapes.certificate(made)


@router.delete("/certificates/{host}", status_code=204)
async def remove_certificate(context: Books, server: Parts, actor: Asking, host: str) -> Response:
    """Remove the certificate: the proxy no longer uses it."""
    await context.database.run(lambda: certificates.remove(context, actor, host))
    await server.proxy.remove_certificate(host)
    return Response(status_code=204)


@router.get("/notifications")
def list_notifications(context: Books, actor: Asking, asked: Asked) -> answers.Page[answers.Notification]:
    """Who is notified, and of what."""
    with context.database.reading() as connection:
        names = {str(id): name for id, name in projects.names(connection).items()}
    return shapes.cut(
        notifications.all_of(context, actor),
        lambda one: shapes.notification(one, names),
        asked,
        name=lambda one: one.address,
        order=lambda one: one.id,
    )


@router.post("/notifications", status_code=201)
def add_notification(context: Books, actor: Asking, body: NewNotification) -> answers.Notification:
    """Notify somebody of the given events."""
    made = notifications.add(context, actor, body.address, events=body.events, secret=body.secret, project=body.project)
    return shapes.notification(made, {str(made.project): body.project} if made.project else {})


@router.patch("/notifications/{id}")
def change_notification(
    context: Books,
    actor: Asking,
    id: str,
    body: NotificationChange,
    response: Response,
    if_match: Annotated[str | None, Header(description='the revision that was read: "3"')] = None,
) -> answers.Notification:
    """Change the events that they are notified of; with If-Match only if nobody has changed them since."""
    made = notifications.change(
        context, actor, id, events=body.events, secret=body.secret, revision=revision_of(if_match)
    )
    tag(response, made.revision)
    with context.database.reading() as connection:
        names = {str(id): name for id, name in projects.names(connection).items()}
    return shapes.notification(made, names)


@router.delete("/notifications/{id}", status_code=204)
def remove_notification(context: Books, actor: Asking, id: str) -> Response:
    """Stop notifying them."""
    notifications.remove(context, actor, id)
    return Response(status_code=204)
