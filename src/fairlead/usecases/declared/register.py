"""Every noun that files can declare, in the order of formats.declared.register: those first that others refer to."""

from __future__ import annotations

from typing import Any

from fairlead.usecases.declared.environments import Environments
from fairlead.usecases.declared.library_sets import LibrarySets
from fairlead.usecases.declared.lifecycles import Lifecycles
from fairlead.usecases.declared.notifications import Notifications
from fairlead.usecases.declared.noun import Noun
from fairlead.usecases.declared.policies import Policies
from fairlead.usecases.declared.processes import Processes
from fairlead.usecases.declared.projects import Projects
from fairlead.usecases.declared.registries import Registries
from fairlead.usecases.declared.targets import Targets
from fairlead.usecases.declared.variables import Variables

NOUNS: tuple[Noun[Any], ...] = (
    Environments(),
    Lifecycles(),
    Targets(),
    Registries(),
    LibrarySets(),
    Projects(),
    Processes(),
    Variables(),
    Policies(),
    Notifications(),
)
