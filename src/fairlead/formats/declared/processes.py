"""A project's process as a file has it; the same file in a project's own repository."""

from __future__ import annotations

from fairlead.formats.declared.layout import Layout
from fairlead.formats.node import to_typed
from fairlead.formats.process import process_of, written
from fairlead.formats.process_model import ProcessModel


def normal(item: ProcessModel) -> ProcessModel:
    """Without what holds anyway."""
    return ProcessModel.model_validate(written(process_of(item)))


PROCESSES = Layout(
    "process",
    ("projects/{project}/process.yml",),
    ProcessModel,
    "the recipe of a project's deployments",
    plain=to_typed,
    normal=normal,
)
