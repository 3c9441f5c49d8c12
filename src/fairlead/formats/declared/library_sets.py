"""Library variable sets as files have them: one file a set, with its variables."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.step_template import MOST_PARAMETERS
from fairlead.formats.declared.layout import Layout
from fairlead.formats.declared.variables import VariableItem
from fairlead.formats.declared.variables import normal as normal_variable
from fairlead.formats.shape import Shape
from fairlead.formats.step_template import ParameterModel


class LibrarySetItem(Shape):
    """A library set."""

    name: str = Field(max_length=200, description="what projects include it by")
    description: str = Field("", max_length=1000, description="what it is for")
    variables: tuple[VariableItem, ...] = Field((), description="its variables, as a project has them")
    tenant_templates: tuple[ParameterModel, ...] = Field(
        (), max_length=MOST_PARAMETERS, description="what each tenant is asked for once, in order"
    )


def normal(item: LibrarySetItem) -> LibrarySetItem:
    """Its variables in the order of their names."""
    ordered = sorted(map(normal_variable, item.variables), key=lambda one: (one.name.lower(), one.spelt))
    return item.model_copy(update={"variables": tuple(ordered)})


LIBRARY_SETS = Layout(
    "library set",
    ("library/{name}.yml",),
    LibrarySetItem,
    "a set of variables that projects include",
    name_of=lambda item: item.name,
    normal=normal,
)
