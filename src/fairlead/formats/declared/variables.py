"""A project's variables as a file has them; the same file in a project's own repository."""

from __future__ import annotations

from pydantic import Field

from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.shape import Shape


class ScopeItem(Shape):
    """Where a variable holds: entries of one kind are *or*, kinds are *and*. By name."""

    environment: tuple[str, ...] = Field((), description="names of environments")


class VariableItem(Shape):
    """A variable."""

    name: str = Field(max_length=200, description="letters, digits, dots, dashes, colons and brackets")
    value: str | SecretField = Field("", description="text, or {secret: NAME} for a secret")
    scope: ScopeItem = Field(ScopeItem(), description="where it holds; everywhere without one")

    @property
    def spelt(self) -> str:
        """Name and scope: what it is known by."""
        return spelt(self.name, {key: tuple(names) for key, names in self.scope.model_dump().items()})


def spelt(name: str, scope: dict[str, tuple[str, ...]]) -> str:
    """``Db.Host@environment=Production``: one spelling for a name and a scope."""
    said = [f"{kind}={','.join(sorted(names))}" for kind, names in scope.items() if names]
    return "@".join([name, *said])


VARIABLES = Layout(
    "variable",
    ("projects/{project}/variables.yml",),
    VariableItem,
    "the project's variables",
    name_of=lambda item: item.spelt,
    top="variables",
)
