"""Compose keys that are not honoured: a warning where nothing is lost by it, an error where something would be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel

from fairlead.formats.findings import Findings
from fairlead.formats.node import Items, Path, Scalar, Table, spell

NOT_HONOURED = "not honoured"
NotHonoured: TypeAlias = Annotated[Any, NOT_HONOURED]
"""A field that is known, and of which nothing comes: a warning where it says anything."""

IGNORED = frozenset(
    {"annotations", "attach", "blkio_config", "cgroup_parent", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota"}
    | {"cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "cpuset", "develop", "dns", "dns_opt", "dns_search"}
    | {"domainname", "external_links", "group_add", "label_file", "links", "mac_address", "mem_swappiness"}
    | {"memswap_limit", "oom_kill_disable", "oom_score_adj", "platform", "pull_policy", "pull_refresh_after"}
    | {"stdin_open", "storage_opt"}
)

DANGEROUS: Mapping[str, str] = {
    "cgroup": "no use of the host's cgroups",
    "credential_spec": "no Windows credentials",
    "device_cgroup_rules": "devices by name, under `devices`",
    "gpus": "no GPUs",
    "isolation": "the engine's own isolation",
    "models": "no models",
    "post_start": "the command as part of the image's start, or under `migrate`",
    "pre_stop": "the clean-up in the program, on its stop signal",
    "provider": "a service that runs in a container",
    "runtime": "the engine's own runtime",
    "use_api_socket": "no engine socket",
    "userns_mode": "the engine's own user namespace",
    "uts": "no use of the host's names",
    "volumes_from": "each volume by name, under `volumes`",
}

IGNORED_BUILD = frozenset(
    {"cache_from", "cache_to", "extra_hosts", "isolation", "network", "no_cache", "platforms", "provenance"}
    | {"pull", "sbom", "shm_size", "tags", "ulimits"}
)
DANGEROUS_BUILD: Mapping[str, str] = {
    "additional_contexts": "all that is needed inside the context",
    "dockerfile_inline": "a Dockerfile in the repository",
    "entitlements": "a build without privileges",
    "privileged": "a build without privileges",
    "ssh": "a build secret",
}
IGNORED_DEPLOY = frozenset(
    {"endpoint_mode", "labels", "mode", "placement", "restart_policy", "rollback_config", "update_config"}
)


def unhonoured_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The names of the model's own fields of which nothing comes."""
    return tuple(name for name, field in model.model_fields.items() if NOT_HONOURED in field.metadata)


def said_in_vain(value: object, path: Path = ()) -> Iterator[Path]:
    """Where, in all that was read, a field says something of which nothing comes."""
    match value:
        case BaseModel():
            vain = unhonoured_fields(type(value))
            for name in type(value).model_fields:
                held = getattr(value, name)
                if name not in vain:
                    yield from said_in_vain(held, (*path, name))
                elif held not in (None, False, "", [], {}):
                    yield (*path, name)
        case list():
            for index, entry in enumerate(value):
                yield from said_in_vain(entry, (*path, index))
        case dict():
            for name, entry in value.items():
                yield from said_in_vain(entry, (*path, str(name)))
        case _:
            pass


def set_aside(service: Table, path: Path, findings: Findings) -> Table:
    """The service without the keys that are not honoured; each is said."""
    kept = _without(service, path, findings, IGNORED, DANGEROUS)
    for key, ignored, dangerous in (
        ("build", IGNORED_BUILD, DANGEROUS_BUILD),
        ("deploy", IGNORED_DEPLOY, {}),
    ):
        inner = kept.get(key)
        if isinstance(inner, Table):
            kept = kept.with_node(key, _without(inner, (*path, key), findings, ignored, dangerous))
    return kept


def _without(
    table: Table, path: Path, findings: Findings, ignored: frozenset[str], dangerous: Mapping[str, str]
) -> Table:
    gone = [key for key in table.nodes if key in ignored or key in dangerous]
    for key in gone:
        spelled, mark = spell((*path, key)), table.key_marks[key]
        if _is_empty(table, key):
            continue
        if key in dangerous:
            findings.problem(mark, spelled, "a key that would be dangerous to ignore", dangerous[key])
        else:
            findings.warn(mark, spelled, "is not honoured")
    return table.without(*gone)


def _is_empty(table: Table, key: str) -> bool:
    node = table.nodes[key]
    if isinstance(node, Scalar):
        return node.text is None or str(node.text) in ("false", "")
    return isinstance(node, Items) and not node.nodes
