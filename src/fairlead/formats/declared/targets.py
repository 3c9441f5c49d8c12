"""Targets as a file has them: this host, or hosts over SSH."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.project import Tenancy
from fairlead.domain.target import MOST_TAGS, MOST_TENANTS, SSH_PORT
from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.shape import Shape


class SshItem(Shape):
    """How a host is reached."""

    host: str = Field(max_length=253)
    user: str = Field(max_length=32)
    port: int = Field(SSH_PORT, ge=1, le=65535)
    key: SecretField | None = Field(None, description="the private key; without it one is made, and shown")
    host_key: str = Field("", max_length=8192, description="what the host must prove; what is trusted stays without it")


class TargetItem(Shape):
    """A target."""

    name: str = Field(max_length=80)
    environments: tuple[str, ...] = Field(min_length=1, description="whose deployments may run on it")
    tags: tuple[str, ...] = Field((), max_length=MOST_TAGS, description="what steps choose it by")
    enabled: bool = Field(default=True, description="whether steps run on it")
    description: str = Field("", max_length=1000)
    ssh: SshItem | None = Field(None, description="another host; this one without it")
    tenancy: Tenancy = Field(Tenancy.EITHER, description="whether it serves tenants, nobody in particular, or both")
    tenants: tuple[str, ...] = Field((), max_length=MOST_TENANTS, description="by name; none, and no tags: all")
    tenant_tags: tuple[str, ...] = Field((), max_length=MOST_TENANTS, description="tenants with these, too; Set/Tag")


def normal_target(item: TargetItem) -> TargetItem:
    """Its tenants and their tags in the order of the letters, which says nothing of them."""
    ordered = {"tenants": tuple(sorted(set(item.tenants))), "tenant_tags": tuple(sorted(set(item.tenant_tags)))}
    return item.model_copy(update=ordered)


TARGETS = Layout(
    "target",
    ("targets.yml",),
    TargetItem,
    "places that steps run on",
    name_of=lambda item: item.name,
    top="targets",
    normal=normal_target,
    left_alone=("ssh.host_key",),
)
