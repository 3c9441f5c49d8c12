"""TLS certificates of routes: given, renewed, removed. The proxy takes them up without a reload."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.certificate import WARN_DAYS, Certificate
from fairlead.domain.errors import Invalid, NotFound
from fairlead.domain.permission import Permission
from fairlead.domain.service import Definition
from fairlead.store import certificates
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases.context import Context


def page(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[Certificate]:
    """By host; without keys."""
    actor.require(Permission.VIEW)
    with context.database.reading() as connection:
        return certificates.page(connection, search=search, after=after, limit=limit)


def get(context: Context, actor: Actor, host: str) -> Certificate:
    """The certificate of a host."""
    actor.require(Permission.VIEW)
    with context.database.reading() as connection:
        return _found(certificates.by_host(connection, host), host)


def ending(context: Context, actor: Actor) -> tuple[Certificate, ...]:
    """Those whose end is near or past, the nearest first."""
    actor.require(Permission.VIEW)
    with context.database.reading() as connection:
        return certificates.ending(connection, context.clock.now() + timedelta(days=max(WARN_DAYS)))


def put(context: Context, actor: Actor, host: str, chain: str, key: str) -> Certificate:
    """Give the host this certificate. Invalid `certificate.invalid` where the two do not belong together, the
    chain is past, or does not cover the host."""
    actor.require(Permission.CERTIFICATE_EDIT)
    names.host_name(host)
    from fairlead.formats.pem import read_certificate  # 1 MB of cryptography: a server at rest does without it

    leaf = read_certificate(host, chain, key)
    if leaf.not_after <= context.clock.now():
        raise Invalid("certificate.invalid", f"the certificate ended on {leaf.not_after:%Y-%m-%d}", thing=host)
    with context.database.transaction() as connection:
        kept = context.keep(connection, key, name=f"certificate of {host}", by=actor.name)
        held = certificates.by_host(connection, host)
        made = Certificate(
            held.id if held else context.ids.new("crt"),
            host,
            chain,
            kept,
            leaf.fingerprint,
            leaf.not_before,
            leaf.not_after,
            context.clock.now(),
            created_by=actor.name,
            revision=held.revision if held else 1,
        )
        saved = certificates.update(connection, made) if held else made
        if held is None:
            certificates.insert(connection, made)
        context.note(
            connection, actor, "certificate.set", f"gave {host} a certificate", thing=made.id, before=held, after=saved
        )
    return replace(saved)


def lacking(context: Context, connection: Connection, definition: Definition) -> tuple[str, ...]:
    """A sentence for each host that the definition serves by https without a certificate that holds today."""
    hosts = {route.host: service.name for service in definition.services for route in service.routes if route.tls}
    said = ((host, name, _lack(certificates.by_host(connection, host), context)) for host, name in hosts.items())
    return tuple(
        f"{name}: {lack.format(host=host)}, so that browsers refuse https there: fairlead certificates set {host}"
        for host, name, lack in said
        if lack
    )


def _lack(held: Certificate | None, context: Context) -> str:
    if held is None:
        return "there is no certificate for {host}"
    is_past = held.not_after <= context.clock.now()
    return f"the certificate of {{host}} ended on {held.not_after:%Y-%m-%d}" if is_past else ""


def pem_of(context: Context, certificate: Certificate) -> bytes:
    """Chain and key as the proxy takes them, in clear."""
    key = context.use(certificate.key, f"give the proxy the certificate of {certificate.host}", thing=certificate.id)
    return f"{certificate.chain.strip()}\n{key.strip()}\n".encode()


def remove(context: Context, actor: Actor, host: str) -> None:
    """The host is no longer answered with it."""
    actor.require(Permission.CERTIFICATE_EDIT)
    with context.database.transaction() as connection:
        found = _found(certificates.by_host(connection, host), host)
        certificates.delete(connection, found.id)
        context.note(
            connection, actor, "certificate.removed", f"removed the certificate of {host}", thing=found.id, before=found
        )


def _found(certificate: Certificate | None, host: str) -> Certificate:
    if certificate is None:
        raise NotFound("certificate.unknown", f"there is no certificate for {host[:100]!r}", thing=host[:100])
    return certificate
