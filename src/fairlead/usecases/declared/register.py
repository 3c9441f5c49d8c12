"""Every noun that files can declare, in the order of formats.declared.register: those first that others refer to."""

from __future__ import annotations

from typing import Any

from fairlead.usecases.declared.channels import Channels
from fairlead.usecases.declared.environments import Environments
from fairlead.usecases.declared.federated_credentials import FederatedCredentials
from fairlead.usecases.declared.freezes import Freezes
from fairlead.usecases.declared.groups import Groups
from fairlead.usecases.declared.identity_providers import IdentityProviders
from fairlead.usecases.declared.library_sets import LibrarySets
from fairlead.usecases.declared.lifecycles import Lifecycles
from fairlead.usecases.declared.notifications import Notifications
from fairlead.usecases.declared.noun import Noun
from fairlead.usecases.declared.policies import Policies
from fairlead.usecases.declared.processes import Processes
from fairlead.usecases.declared.projects import Projects
from fairlead.usecases.declared.registries import Registries
from fairlead.usecases.declared.roles import Roles
from fairlead.usecases.declared.runbooks import Runbooks
from fairlead.usecases.declared.step_templates import StepTemplates
from fairlead.usecases.declared.subscriptions import Subscriptions
from fairlead.usecases.declared.targets import Targets
from fairlead.usecases.declared.teams import Teams
from fairlead.usecases.declared.tenant_values import TenantValues
from fairlead.usecases.declared.tenants import Connections, TagSets, Tenants
from fairlead.usecases.declared.triggers import Triggers
from fairlead.usecases.declared.users import Users
from fairlead.usecases.declared.variables import Variables

NOUNS: tuple[Noun[Any], ...] = (
    Roles(),
    Users(),
    Environments(),
    TagSets(),
    Tenants(),
    Lifecycles(),
    Targets(),
    Registries(),
    LibrarySets(),
    StepTemplates(),
    Groups(),
    Projects(),
    Connections(),
    TenantValues(),
    Channels(),
    Processes(),
    Runbooks(),
    Variables(),
    Triggers(),
    Freezes(),
    Policies(),
    Notifications(),
    Teams(),
    Subscriptions(),
    IdentityProviders(),
    FederatedCredentials(),
)
