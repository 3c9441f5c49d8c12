"""Lays one part of a project over another: Compose files first, then fairlead.yml, then one environment."""

from __future__ import annotations

from fairlead.formats.node import Items, Mark, Node, Scalar, Table

KEY_VALUES = frozenset({"environment", "labels", "args", "sysctls", "extra_hosts"})
"""Keys whose list form ``KEY=value`` means the same as a mapping."""

APPENDED = frozenset(
    {"ports", "expose", "volumes", "tmpfs", "env_file", "secrets", "configs", "cap_add", "cap_drop", "devices"}
    | {"security_opt", "dns", "dns_search"}
)
"""Lists that one Compose file adds to another's; every other list is replaced."""


def overlay(base: Node | None, over: Node, key: str = "", *, appends: bool = False) -> Node:
    """`over` laid over `base`: mappings key by key, anything else replaced (or Compose's lists added to)."""
    if base is None:
        return over
    base, over = _as_tables(base, over, key)
    if isinstance(base, Table) and isinstance(over, Table):
        merged = base
        for name, node in over.nodes.items():
            laid = overlay(base.get(name), node, name, appends=appends)
            merged = Table(merged.mark, {**merged.nodes, name: laid}, {**merged.key_marks, name: over.key_marks[name]})
        return merged
    if appends and key in APPENDED and isinstance(base, Items | Scalar) and isinstance(over, Items | Scalar):
        return _appended(base, over, key)
    if isinstance(base, Table) and isinstance(over, Scalar) and over.text is None:
        return base
    return over


def overlay_tables(base: Table, over: Table, *, appends: bool = False) -> Table:
    """The same for two mappings."""
    merged = overlay(base, over, appends=appends)
    return merged if isinstance(merged, Table) else base


def _as_tables(base: Node, over: Node, key: str) -> tuple[Node, Node]:
    """Both as mappings, where either is one and the other a short form of it."""
    if key in KEY_VALUES:
        return _pairs(base), _pairs(over)
    if key in ("depends_on", "networks"):
        return _names(base), _names(over)
    if key in ("build", "health") and (isinstance(base, Table) or isinstance(over, Table)):
        long = "context" if key == "build" else "http"
        return _long(base, long), _long(over, long)
    return base, over


def _pairs(node: Node) -> Node:
    if not isinstance(node, Items):
        return node
    nodes: dict[str, Node] = {}
    marks: dict[str, Mark] = {}
    for child in node.nodes:
        if not isinstance(child, Scalar) or not isinstance(child.text, str):
            return node
        separator = "=" if "=" in child.text or ":" not in child.text else ":"
        name, found, value = child.text.partition(separator)
        nodes[name] = Scalar(child.mark, value if found else None, is_plain=False)
        marks[name] = child.mark
    return Table(node.mark, nodes, marks)


def _names(node: Node) -> Node:
    if not isinstance(node, Items):
        return node
    named = {str(child.text): child for child in node.nodes if isinstance(child, Scalar)}
    return Table(
        node.mark,
        {name: Table(child.mark) for name, child in named.items()},
        {name: child.mark for name, child in named.items()},
    )


def _long(node: Node, key: str) -> Node:
    if isinstance(node, Scalar) and node.text is not None:
        return Table(node.mark, {key: node}, {key: node.mark})
    return node


def _appended(base: Items | Scalar, over: Items | Scalar, key: str) -> Items:
    first, second = _listed(base), _listed(over)
    if key == "volumes":
        replaced = {_target(node) for node in second}
        first = tuple(node for node in first if _target(node) not in replaced)
    return Items(over.mark, (*first, *(node for node in second if not _has(first, node))))


def _listed(node: Items | Scalar) -> tuple[Node, ...]:
    if isinstance(node, Items):
        return node.nodes
    return () if node.text is None else (node,)


def _target(node: Node) -> str:
    if isinstance(node, Table):
        target = node.get("target")
        return str(target.text) if isinstance(target, Scalar) else ""
    parts = str(node.text).split(":") if isinstance(node, Scalar) else [""]
    return parts[0] if len(parts) == 1 else parts[1]


def _has(nodes: tuple[Node, ...], node: Node) -> bool:
    return isinstance(node, Scalar) and any(isinstance(other, Scalar) and other.text == node.text for other in nodes)
