"""Variables as a file has them: of a project, of a library set; the same in a project's own repository."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.composite import CompositeKind
from fairlead.domain.prompt import Control
from fairlead.domain.variable import SETTABLE
from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.shape import Shape


class ScopeItem(Shape):
    """Where a variable holds: entries of one kind are *or*, kinds are *and*. By name."""

    step: tuple[str, ...] = Field((), description="steps of the process")
    target: tuple[str, ...] = Field((), description="targets")
    target_tag: tuple[str, ...] = Field((), description="tags of targets")
    tenant: tuple[str, ...] = Field((), description="tenants")
    tenant_tag: tuple[str, ...] = Field((), description="tags of tenants, as Set/Tag")
    environment: tuple[str, ...] = Field((), description="environments")
    channel: tuple[str, ...] = Field((), description="channels")
    process: tuple[str, ...] = Field((), description="deployment, or runbooks")


class PromptItem(Shape):
    """How a person is asked for the value at each deployment."""

    label: str = Field("", description="what is asked; the name without it")
    description: str = Field("", description="what helps to answer")
    required: bool = Field(default=False, description="it must not be left blank")
    control: Control = Field(Control.SINGLE, description="single, multi, select, checkbox or sensitive")
    options: tuple[str, ...] = Field((), description="what a select offers")


class VariableItem(Shape):
    """A variable."""

    name: str = Field(max_length=200, description="letters, digits, dots, dashes, colons and brackets")
    value: str | SecretField = Field("", description="text, or {secret: NAME} for a secret")
    type: CompositeKind | None = Field(None, description="for one of parts: a certificate or an account")
    parts: dict[str, str | SecretField] = Field(default_factory=dict, description="its parts, secret ones as {secret}")
    scope: ScopeItem = Field(ScopeItem(), description="where it holds; everywhere without one")
    description: str = Field("", max_length=1000, description="what it is for")
    prompt: PromptItem | None = Field(None, description="it is asked for at each deployment")

    @property
    def spelt(self) -> str:
        """Name and scope: what it is known by."""
        said = [f"{kind}={','.join(sorted(names))}" for kind, names in self.scope.model_dump().items() if names]
        return "@".join([self.name, *said])


def normal(item: VariableItem) -> VariableItem:
    """Entries of the scope in the order of their names: it has none of its own."""
    scope = ScopeItem(**{one.value: tuple(sorted(set(getattr(item.scope, one.value)))) for one in SETTABLE})
    return item.model_copy(update={"scope": scope})


VARIABLES = Layout(
    "variable",
    ("projects/{project}/variables.yml",),
    VariableItem,
    "the project's variables",
    name_of=lambda item: item.spelt,
    top="variables",
    normal=normal,
)
