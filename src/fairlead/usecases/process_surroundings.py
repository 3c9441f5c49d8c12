"""What a process is resolved with, and which variables hold for each of its steps there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairlead.domain import system_variables
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Invalid, Refused
from fairlead.domain.installed_package import UNOWNED, Owner
from fairlead.domain.known_variables import Known
from fairlead.domain.package import PackageFile
from fairlead.domain.process import (
    PACKAGE,
    Action,
    Process,
    ProcessChoice,
    ProcessStep,
)
from fairlead.domain.record import Json
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.retention import KEEP_ALL, Keep
from fairlead.domain.step_template import UsedTemplate
from fairlead.domain.substitution import substitute
from fairlead.domain.system_variables import SystemVariables
from fairlead.domain.target import Target
from fairlead.domain.tenant import Tenant
from fairlead.domain.variable import Scope
from fairlead.domain.variable_table import VariableTable
from fairlead.usecases.parallelism import acquired_at_once, parallelism_of
from fairlead.usecases.values import lookup_in, scope_on


@dataclass(frozen=True)
class Surroundings:
    """What a process is resolved with: `targets` are all of the installation, `scope` and `system` are those of
    the whole deployment, `channel` is the release's by name, `packages` are the versions that it names, `tenant` whom
    it is for (None: nobody). `files_from` are the packages that its actions take files from, by name in lower case,
    `logins` for images that they pull, `script_commits` action → commit of scripts from other repositories,
    `step_images` action → image by digest, `owner` is for whom it runs, by names, `keep_files` how much of packages on
    targets is kept."""

    process: Process
    choice: ProcessChoice
    environment: Environment
    channel: str
    system: SystemVariables
    targets: Sequence[Target]
    table: VariableTable
    scope: Scope
    tenant: Tenant | None = None
    finished: Mapping[str, Json] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    files_from: Mapping[str, PackageFile] = field(default_factory=dict)
    logins: tuple[RegistryLogin, ...] = ()
    script_commits: Mapping[str, str] = field(default_factory=dict)
    owner: Owner = UNOWNED
    keep_files: Keep = KEEP_ALL
    step_images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StepThere:
    """One step of a process, and what it is resolved with."""

    at: Surroundings
    number: int
    step: ProcessStep

    def variables(self, target: Target | None, action: Action) -> Known:
        """What holds for the action on that target: the project's own before those that the product gives."""
        names = {self.step.name.lower(), action.name.lower()}
        tags = [tag.lower() for tag in target.tags] if target else []
        targeted = [tag.lower() for tag in self.step.target_tags]
        scope = scope_on(
            self.at.scope, step=names, target=str(target.id) if target else "", tags=tags, targeted=targeted
        )
        given = system_variables.of_step(self.step.name, self.number, action=action.name)
        given["Action.MaxParallelism"] = str(self.step.parallelism)
        if package := self.at.files_from.get(str(action.properties.get(PACKAGE) or "").lower()):
            given |= {"Action.Package.PackageId": package.name, "Action.Package.PackageVersion": package.version}
        if target:
            given |= system_variables.of_target(
                str(target.id), target.name, tags=target.tags, targeted=self.step.target_tags, host=target.address
            )
        known = Known(self.at.table.at(scope), SystemVariables(given), self.at.system)
        return known if action.template is None else with_parameters(action, action.template, known)

    def parallelism(self, warnings: list[str]) -> int:
        """As the step says, or as a variable that is for it does."""
        scope = scope_on(self.at.scope, step=[self.step.name.lower()])
        return parallelism_of(self.step, lookup_in(self.at.table.at(scope), self.at.system), warnings)


def acquire_at_once(at: Surroundings, warnings: list[str]) -> int:
    """To how many places packages come at once."""
    return acquired_at_once(lookup_in(at.table.at(at.scope), at.system), warnings)


def with_parameters(action: Action, used: UsedTemplate, known: Known) -> Known:
    """What holds with the values of the template's parameters before all else. Refused `step_template.not_secret`
    where one that is to be a secret is none; what is known only later is not asked."""
    whole = Known(used.values, known)
    for name in used.secrets:
        try:
            value = substitute(used.values[name], whole.get, names=whole)
        except Invalid:
            continue
        if isinstance(value, str) and value:
            raise Refused(
                "step_template.not_secret",
                f"{name} of action {action.name} is a secret, and {used.values[name]} is not",
                thing=action.name,
                hint="let it name a secret variable: fairlead variables set NAME --secret",
            )
    return whole
