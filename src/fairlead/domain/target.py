"""A target: a place that steps run on: this host, as many times over as somebody wants, or a host over SSH."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address

from fairlead.domain.errors import Invalid
from fairlead.domain.health import is_unwell_reason
from fairlead.domain.ids import EnvironmentId, SecretVersionId, TargetId, TenantId
from fairlead.domain.names import HOST, require
from fairlead.domain.project import Tenancy
from fairlead.domain.tenant import Tenant, fits

NAME = re.compile(r"[^\W_](?:[\w.-]|[ ](?=[\w.-])){0,79}")
"""Letters of any script, digits, dots, dashes, underscores, single spaces: variables name a target in brackets."""

TAG = re.compile(r"[^\W_](?:[\w.+/-]|[ ](?=[\w.+/-])){0,59}")
SSH_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?")
NAME_IN_WORDS = "letters of any script, digits, dots, dashes, underscores and single spaces between them, 80 at most"
TAG_IN_WORDS = "letters of any script, digits, . _ + / - and single spaces between them, 60 at most"
SSH_USER_IN_WORDS = "a user of that host: a letter or underscore, then letters, digits, . _ and -, 32 at most"
PRIVATE_KEY = re.compile(r"^-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----", re.MULTILINE)
HOST_KEY = re.compile(r"[a-z0-9@.-]{1,64} [A-Za-z0-9+/]{20,4000}={0,3}")
MOST_TAGS = 50
MOST_TENANTS = 500
MOST_NAMED = 5
"""As many targets are named in a sentence."""

SSH_PORT = 22


class TargetKind(StrEnum):
    """How it is reached."""

    LOCAL = "local"
    SSH = "ssh"


@dataclass(frozen=True, slots=True)
class SshAccess:
    """`key` is the private half; `public_key` is shown where it was made here. `host_key` is the one that the host must
    prove, as ``type base64``; "" until somebody trusted one: nothing is run there before."""

    host: str
    user: str
    key: SecretVersionId
    port: int = SSH_PORT
    host_key: str = ""
    public_key: str = ""

    @property
    def address(self) -> str:
        """As people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}" + ("" if self.port == SSH_PORT else f":{self.port}")


@dataclass(frozen=True, slots=True)
class Target:
    """`environments` are those whose deployments may run on it; steps choose among them by `tags`, whatever their
    case. One that is not `is_enabled` is left out of what begins from now on. Of the tenants that its tenancy lets it
    serve, it serves those of `tenants` and those with the `tenant_tags` (as `Set/Tag`); all where neither is said."""

    id: TargetId
    name: str
    kind: TargetKind
    created_at: datetime
    environments: tuple[EnvironmentId, ...] = ()
    tags: tuple[str, ...] = ()
    is_enabled: bool = True
    ssh: SshAccess | None = None
    description: str = ""
    created_by: str = ""
    tenancy: Tenancy = Tenancy.EITHER
    tenants: tuple[TenantId, ...] = ()
    tenant_tags: tuple[str, ...] = ()
    revision: int = 1

    def serves(self, tenant: Tenant | None) -> bool:
        """Whether what is done for the tenant, or (None) for nobody in particular, may run on it."""
        if tenant is None:
            return self.tenancy is not Tenancy.TENANTED
        if self.tenancy is Tenancy.UNTENANTED:
            return False
        is_named = tenant.id in self.tenants or (bool(self.tenant_tags) and fits(tenant.tags, self.tenant_tags))
        return is_named or not (self.tenants or self.tenant_tags)

    @property
    def address(self) -> str:
        """Where it is, for people."""
        return self.ssh.address if self.ssh else "this host"


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """What the last look found: whether it answered, `since` when that is so, and why not."""

    target: TargetId
    is_available: bool
    at: datetime
    since: datetime
    reason: str = ""

    @property
    def is_unwell(self) -> bool:
        """Whether it answers, and a health check found it not well."""
        return not self.is_available and is_unwell_reason(self.reason)


def target_name(name: str) -> str:
    """Letters of any script, digits, dots, dashes, underscores and single spaces between them, 80 at most."""
    return require("target", NAME, name, words=NAME_IN_WORDS)


def tags_of(given: Iterable[str]) -> tuple[str, ...]:
    """The tags, each once, in the order given; two that differ by case only are one."""
    found: dict[str, str] = {}
    for tag in given:
        found.setdefault(require("tag", TAG, tag, words=TAG_IN_WORDS).lower(), tag)
    if len(found) > MOST_TAGS:
        raise Invalid("input.invalid", f"a target can have {MOST_TAGS} tags at most", thing="tags")
    return tuple(found.values())


def require_private_key(text: str) -> None:
    """Invalid `input.invalid` where it is surely none: another file, or the public half."""
    if not PRIVATE_KEY.search(text):
        raise Invalid(
            "input.invalid",
            "this is not a private key",
            thing="key",
            hint="the whole of a file that begins with -----BEGIN … PRIVATE KEY-----, as ssh-keygen writes it",
        )


def checked(access: SshAccess) -> SshAccess:
    """The access, if host, port, user and host key can be what they are said to be."""
    if not _is_address(access.host):
        require("host", HOST, access.host)
    if not 1 <= access.port <= 65535:
        raise Invalid("input.invalid", f"{access.port} is not a port", thing="port", hint="1 to 65535")
    require("user", SSH_USER, access.user, words=SSH_USER_IN_WORDS)
    if access.host_key and not HOST_KEY.fullmatch(access.host_key):
        raise Invalid(
            "input.invalid",
            "this is not a host key",
            thing="host_key",
            hint="two words of a line of ssh-keyscan: ssh-ed25519 AAAA…",
        )
    return access


def checked_tenancy(target: Target) -> Target:
    """Itself; Invalid `target.tenancy` where it serves no tenant and names some, or names too many."""
    if target.tenancy is Tenancy.UNTENANTED and (target.tenants or target.tenant_tags):
        raise Invalid(
            "target.tenancy",
            f"{target.name} is untenanted, and names tenants or their tags",
            thing="tenancy",
            hint="let it be tenanted or tenanted-or-untenanted, or name none",
        )
    if len(target.tenants) > MOST_TENANTS:
        message = f"a target names {MOST_TENANTS} tenants at most"
        raise Invalid("target.tenancy", message, thing="tenants", hint="give them a tag, and name that")
    return target


def chosen(
    targets: Iterable[Target], environment: EnvironmentId, tags: Iterable[str], *, tenant: Tenant | None
) -> tuple[Target, ...]:
    """Those that a step with these tags runs on in this environment for the tenant, or (None) for nobody: enabled, with
    one of the tags, by name."""
    return tuple(target for target in _fitting(targets, environment, tags) if target.serves(tenant))


def kept_out(
    targets: Iterable[Target], environment: EnvironmentId, tags: Iterable[str], *, tenant: Tenant | None
) -> str:
    """How many would be `chosen` but for their tenancy, and which, in words that end a sentence; "" where none."""
    found = [target for target in _fitting(targets, environment, tags) if not target.serves(tenant)]
    if not found:
        return ""
    names = ", ".join(target.name for target in found[:MOST_NAMED]) + (", …" if len(found) > MOST_NAMED else "")
    return f"; tenancy excludes {len(found)} ({names}: {f'not for {tenant.name}' if tenant else 'for tenants only'})"


def _fitting(targets: Iterable[Target], environment: EnvironmentId, tags: Iterable[str]) -> tuple[Target, ...]:
    wanted = {tag.lower() for tag in tags}
    fitting = [
        target
        for target in targets
        if target.is_enabled and environment in target.environments and wanted & {tag.lower() for tag in target.tags}
    ]
    return tuple(sorted(fitting, key=lambda target: target.name.lower()))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
