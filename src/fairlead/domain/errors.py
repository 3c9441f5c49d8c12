"""Every error that Fairlead says to a person, in one tree; the families decide HTTP status and exit code.

FairleadError
├── Invalid            the input is wrong; nothing was changed          400 / exit 2
│   ├── ProjectFileInvalid   a project or compose file, with places
│   └── TooLarge             over a stated limit                        413 / exit 2
├── NotAuthenticated   who asks is not known                            401 / exit 4
├── NotAllowed         who asks may not                                 403 / exit 4
├── NotFound           the thing is not there                           404 / exit 5
├── Conflict           the thing's state forbids it now                 409 / exit 1
├── Refused            a rule of safety says no (room, policy, plan)    422 / exit 1
├── RateLimited        too many tries                                   429 / exit 1
├── Unreachable        something outside does not answer                503 / exit 1
├── Failed             something outside answered, and it is a failure  502 / exit 1
└── TimedOut           a stated bound was reached                       504 / exit 124

A leaf is not a class but a *code*: stable, dotted, listed in `CODES` with the sentence that the reference shows.
Outcomes (unhealthy, refused by a test) are values, not errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fairlead.domain.package_codes import PACKAGE_CODES
from fairlead.domain.sign_in_codes import SIGN_IN_CODES


class FairleadError(Exception):
    """What we tried, on which thing, and what the operator can do next.

    `code` is stable and documented; `message` is one sentence; `thing` names what it is about; `hint` says what to
    do next. No secret value may be put into any of them.
    """

    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str, *, thing: str = "", hint: str = "") -> None:
        if code not in CODES:
            raise KeyError(f"error code {code!r} is not listed in domain/errors.py")
        super().__init__(message)
        self.code = code
        self.message = message
        self.thing = thing
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class Invalid(FairleadError):
    """The input is wrong; nothing was changed."""

    http_status = 400
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where (1-based), found and expected; where it `is_sentence`, what to do instead."""

    file: str
    line: int
    column: int
    key: str
    found: str
    expected: str
    is_sentence: bool = False

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        key = f"{self.key}: " if self.key else ""
        return f"{where}: {key}{self.said}"

    @property
    def said(self) -> str:
        """What was found and expected, in words; `expected` may be a question, and a whole sentence be `found`."""
        if self.expected.startswith("did you mean "):
            return f"found {self.found}; {self.expected}"
        if self.is_sentence:
            return f"{self.found}: {self.expected}" if self.expected else self.found
        return f"found {self.found}, expected {self.expected}"


class ProjectFileInvalid(Invalid):
    """A project or compose file that cannot be honoured; `problems` names each place."""

    def __init__(self, problems: tuple[Problem, ...], *, code: str = "project_file.invalid") -> None:
        first = str(problems[0]) if problems else "the project file is invalid"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(code, first + more, thing=problems[0].file if problems else "")
        self.problems = problems


class TooLarge(Invalid):
    """Over a stated limit."""

    http_status = 413


class NotAuthenticated(FairleadError):
    """Who asks is not known."""

    http_status = 401
    exit_code = 4


class NotAllowed(FairleadError):
    """Who asks is known, and may not."""

    http_status = 403
    exit_code = 4


class NotFound(FairleadError):
    """The thing is not there."""

    http_status = 404
    exit_code = 5


class Conflict(FairleadError):
    """The thing's present state forbids it; asking again later may work."""

    http_status = 409


class Refused(FairleadError):
    """A rule of safety says no: policy, room on the host, a plan that no longer holds."""

    http_status = 422


class RateLimited(FairleadError):
    """Too many tries; wait."""

    http_status = 429


class Unreachable(FairleadError):
    """Something outside does not answer: *we could not ask*, which is not *it said no*."""

    http_status = 503


class Failed(FairleadError):
    """Something outside answered, and the answer is a failure."""

    http_status = 502


class TimedOut(FairleadError):
    """A stated bound was reached."""

    http_status = 504
    exit_code = 124


CODES: dict[str, str] = {
    # input
    "input.invalid": "A value that was given is not valid.",
    "input.name": "A name has characters, or a length, that are not allowed.",
    "input.too_large": "The request is larger than the limit.",
    "project_file.invalid": "fairlead.yml or the compose file cannot be honoured; each place is named.",
    "project_file.missing": "The repository has no fairlead.yml.",
    "configuration.unreadable": "A configuration file cannot be read in any of the formats that were tried.",
    "declaration.invalid": "Files that say how the installation should be cannot be honoured; each place is named.",
    "declaration.secret": "A placeholder stands for a secret that is not there yet, and no value was given for it.",
    "declaration.changed": "The installation or the files were changed since the plan was made; the plan is void.",
    "project.as_code": "The project's repository declares this; it is changed there, and nowhere else.",
    "import.nothing": "The folder has nothing that could be imported.",
    "configuration.folder": "The folder whose files are to be filled in is not there, or cannot be listed.",
    "policy.refused": "A project file or process asks for what could harm the host; an administrator can allow it.",
    "variable.unknown": "A #{Name} or ${NAME} names a variable that has no value in this environment.",
    "variable.filter": "An expression names a filter that there is none of.",
    "variable.secret": "A filter, a comparison or a sum would have to look into the value of a secret.",
    "variable.circular": "Variables refer to each other in a circle.",
    "variable.scope": "A variable's scope names something that is not there, or that it may not name.",
    "variable.parts": "A certificate or an account lacks a part, or has one that it does not know.",
    "prompt.invalid": "A prompted variable cannot be asked for as it was described.",
    "prompt.unknown": "A value was given for a prompted variable that this deployment does not ask for.",
    "prompt.required": "The deployment asks for a value that was not given.",
    "prompt.value": "The value that was given for a prompted variable is none that it takes.",
    # who
    **SIGN_IN_CODES,
    "auth.required": "No valid session or API key was given.",
    "auth.wrong": "User or password is wrong.",
    "auth.throttled": "Too many failed log-ins; wait before the next.",
    "auth.csrf": "The form's token is missing or old; load the page again.",
    "permission.denied": "The actor lacks the permission for this.",
    "webhook.signature": "The webhook's signature is missing or wrong.",
    # things
    "project.unknown": "There is no such project.",
    "project.exists": "A project of this name exists.",
    "environment.unknown": "There is no such environment.",
    "environment.exists": "An environment of this name exists.",
    "target.unknown": "There is no such target.",
    "target.exists": "A target of this name exists.",
    "target.kind": "The target is not reached over SSH.",
    "target.tenancy": "The target serves no tenant, and names some.",
    "target.host_key": "The host has proved another key than the one that was trusted, or none was trusted yet.",
    "target.key": "The private key cannot be used, or the host does not take it.",
    "lifecycle.unknown": "There is no such lifecycle.",
    "lifecycle.exists": "A lifecycle of this name exists.",
    "version.range": "A range of versions is not one.",
    "channel.unknown": "The project has no such channel.",
    "channel.exists": "The project has a channel of this name.",
    "channel.rule": "A version rule of a channel cannot be asked.",
    "channel.default": "A project always has one default channel; make another the default first.",
    "channel.in_use": "The channel has releases, whose history is kept.",
    **PACKAGE_CODES,
    "build_information.unknown": "Nothing was told of the build of this package and version.",
    "build_information.exists": "Build information of this package and version exists already.",
    "release.unknown": "There is no such release.",
    "release.exists": "A release of this version exists.",
    "release.channel_rule": "A version rule of the channel does not take a version; both are named.",
    "release.no_channel": "No channel of the project takes these versions; what each objects to is named.",
    "release.template": "The project's version template makes no version.",
    "release.donor_unknown": "What is to number the releases is no service of the project, and no package or step.",
    "release.donor": "The version of the service or package that numbers the releases is not known.",
    "release.variables_locked": "The release was promoted, and keeps the variables that it was promoted with.",
    "release.no_child": "The process deploys a release of another project, which has none yet.",
    "release.images": "The release's images do not match the project's services.",
    "release.images_gone": "Retention has deleted images of the release; it can no longer be deployed.",
    "deployment.unknown": "There is no such deployment.",
    "deployment.lifecycle": "The lifecycle does not allow this release into this environment yet.",
    "deployment.nothing_to_do": "The release is live with the same configuration; --force deploys it all the same.",
    "deployment.nothing_to_retry": "The deployment did not fail: there is nothing to try again.",
    "deployment.not_live": "The deployment did not go live, or has not ended.",
    "deployment.marked": "The deployment was marked as failed before.",
    "deployment.not_running": "The deployment is not under way.",
    "deployment.no_plan": "The deployment ended before it had a plan.",
    "deployment.no_way_back": "There is no earlier release that this environment could go back to.",
    "deployment.waiting": "A deployment waits for one that a step of it asked for.",
    "deployment.child": "The deployment that a step asked for did not go live.",
    "deployment.circle": "Two deployments would wait for one another for ever.",
    "deployment.locked": "The environment is locked by a deployment that has not settled.",
    "certificate.none": "The deployment has no certificate: nothing was begun, or it has not ended.",
    "certificate.differs": "The deployment is live, but not all is as its plan said; each item is named.",
    "deployment.not_committed": "The commit point was not recorded; what was begun was undone.",
    # processes
    "container.image": "The image of a step's container cannot be fetched.",
    "container.network": "A network that a step's container is to join is not there.",
    "container.ended": "The container that a step ran ended by itself at once.",
    "container.network_differs": "A network that a step is to make is there already, and otherwise than it says.",
    "process.name": "A step or an action has no name, or one with characters that are not allowed.",
    "process.name_twice": "Two steps, or two actions, of a process have the same name.",
    "process.too_long": "The process, or one of its steps, has more parts than the limit.",
    "process.empty_step": "A step of the process has no action.",
    "process.kind": "An action is of a kind that is not known.",
    "process.condition": "A condition has no expression, or an expression has no condition that reads it.",
    "process.window": "A rolling window is not possible for the step.",
    "process.parallelism": "A step's parallelism is out of bounds.",
    "process.package_requirement": "A step that uses a package is to come before packages are acquired.",
    "process.package_order": "A step is to come before packages are acquired, and stands behind one that uses one.",
    "process.place": "An action does not run where its step does: on targets, or not.",
    "process.environments": "An action is both for and not for the same environment.",
    "process.required": "An action cannot be required and disabled.",
    "process.retries": "An action has more retries than are possible for it.",
    "process.timeout": "An action has a timeout that is not possible for it.",
    "process.services_condition": "A condition may leave out the action that deploys the services.",
    "process.step_unknown": "The process has no step or action of the name that is to be skipped.",
    "process.skip_required": "A step that is to be skipped is required.",
    "process.target_choice": "Targets are named both as the only ones and as excluded.",
    "process.target_unknown": "A target that was chosen is none that the process runs on there.",
    "process.no_target": "No target matches a step of the process.",
    "process.no_worker": "No worker is in the pool that an action names.",
    "process.properties": "An action's properties are not what its kind takes.",
    "process.image": "What a step names as the image of its container is not the name of one.",
    "process.repository": "The repository that a script comes from is named by a variable.",
    "process.services_twice": "More than one action of the process deploys the project's services.",
    "process.child_version": "No version was chosen of the other project's release that an action deploys.",
    "process.deploys_itself": "A process would deploy its own project, by way of others' processes too.",
    "plan.changed": "What was approved is not what would run now; the difference is shown.",
    "task.unknown": "There is no such task.",
    "task.ended": "The task has ended.",
    "task.concurrency_tag": "The variable that states a task's concurrency tag gives none.",
    "task.past_commit": "The deployment is past its commit point; it is carried forward and can be rolled back after.",
    "slot.changed": "The slot is not in the state that was expected; another task changed it.",
    "place.empty": "Nothing of the project stands in the environment.",
    "artifact.unknown": "There is no such artifact, or its bytes are gone.",
    "approval.unknown": "There is no such approval.",
    "approval.answered": "The approval has been answered or superseded.",
    "approval.expired": "Nobody answered to the approval in the time that was given.",
    "interruption.unknown": "There is no such interruption.",
    "interruption.answered": "The interruption has been answered, or waits no more.",
    "interruption.choice": "The interruption cannot be answered so.",
    "interruption.team": "Only members of the responsible teams may answer.",
    "interruption.author": "Those whose change it is may not answer.",
    "interruption.reason": "Who answers in spite of a rule has to say why.",
    "interruption.taken": "Another person has taken the interruption.",
    "interruption.waiting": "A person is waited for.",
    "interruption.aborted": "A person said no to a manual intervention.",
    "interruption.expired": "Nobody answered a manual intervention in time.",
    "run.under_way": "A run of this commit is under way.",
    "run.unknown": "There is no such run.",
    "why.not_skipped": "Nothing was skipped, refused or taken back: it is under way or went well.",
    "command.nothing_live": "Nothing is live there that a command could be run in.",
    "command.failed": "The command ended with another exit code than 0, or could not be run.",
    "target.unavailable": "A target does not answer, and the process leaves none out.",
    "target.unhealthy": "A health check found a target that is not well.",
    "check.failed": "An HTTP check did not get the expected answer in time.",
    "command.lost": "The server died while the command ran inside an instance: how it ended is not known.",
    "service.unknown": "The project has no such service.",
    "audit.broken": "The audit is not as it was written; each event is named.",
    "group.unknown": "There is no such project group.",
    "group.exists": "A project group of this name exists.",
    "group.in_use": "The project group has projects.",
    "team.unknown": "There is no such team.",
    "team.exists": "A team of this name exists.",
    "role.unknown": "There is no such role.",
    "role.exists": "A role of this name exists.",
    "role.built_in": "A built-in role cannot be changed or removed.",
    "role.in_use": "Teams hold the role.",
    "user.last_administrator": "It is the last administrator who can sign in.",
    "user.person": "The user is a person, not a service account.",
    "user.service": "The user is a service account, which has keys and no password.",
    "user.unknown": "There is no such user.",
    "user.exists": "A user of this name exists.",
    "key.unknown": "There is no such API key.",
    "key.ending": "An API key of a service account ends soon, or has ended.",
    "policy.unknown": "There is no such allowance.",
    "notification.unknown": "There is no such notification target.",
    "audit.not_archived": "Old events of the audit cannot be moved into files; they stay in the database.",
    "subscription.unknown": "There is no such subscription, or it is somebody else's.",
    "subscription.exists": "There is a subscription of that name already.",
    "subscription.event": "A subscription asks for no event, or for one that there is none of.",
    "subscription.address": "A subscription is to be told where nobody can be, or in two ways at once.",
    "subscription.header": "A header that a subscription is to send cannot be sent, or its value is missing.",
    "subscription.nobody": "Nobody is told by the subscription as it is; why is said.",
    "subscription.owner": "A subscription can be handed over by who may administer the server alone.",
    "variable.exists": "The project has a variable of this name and scope.",
    "variable.missing": "There is no such variable.",
    "library_set.unknown": "There is no such library variable set.",
    "library_set.exists": "A library variable set of this name exists.",
    "library_set.in_use": "The library variable set is included in projects.",
    "certificate.unknown": "There is no such certificate.",
    "certificate.invalid": "The certificate and key cannot be used together.",
    "page.unknown": "There is no such page or route.",
    "edit.conflict": "The thing was changed by somebody else since it was read.",
    "idempotency.answer_lost": "The first request with the Idempotency-Key was done; its answer is lost.",
    "idempotency.mismatch": "The Idempotency-Key was used before with another request.",
    "idempotency.under_way": "The first request with the Idempotency-Key has not been answered yet.",
    # schedules and lifecycles
    "lifecycle.phases": "The phases of the lifecycle contradict themselves.",
    "lifecycle.in_use": "Projects or channels use the lifecycle.",
    "freeze.unknown": "There is no such freeze.",
    "freeze.exists": "A freeze of this name exists.",
    "freeze.window": "The freeze never holds, or its bounds contradict each other.",
    "defect.unknown": "There is no such defect.",
    "defect.resolved": "The defect has been resolved.",
    "deployment.frozen": "A freeze keeps anything from being deployed there now.",
    "deployment.defect": "The release has a defect, and goes no further than it has been.",
    "deployment.expired": "The deployment did not begin in the time that it was given.",
    "deployment.not_scheduled": "The deployment is not one that waits for its time.",
    "schedule.past": "The time is in the past.",
    "schedule.too_far": "The time is too far ahead.",
    "schedule.expiry": "The deployment, or run, would expire before it may begin.",
    "runbook.unknown": "The project has no such runbook, or it no such run.",
    "runbook.exists": "The project has a runbook of this name.",
    "runbook.empty": "The runbook has no steps.",
    "runbook.unpublished": "The runbook has not been published yet.",
    "runbook.frozen": "A freeze that binds runbooks keeps it from running there now.",
    "runbook.expired": "The run did not begin in the time that it was given.",
    "runbook.not_scheduled": "The run is not one that waits for its time.",
    "runbook.in_use": "Triggers run the runbook.",
    "runbook.environment": "The runbook may not run in this environment.",
    "runbook.services": "A runbook deploys no services.",
    "step_template.unknown": "There is no such step template.",
    "step_template.exists": "A step template of this name exists.",
    "step_template.version_unknown": "The step template has no such version.",
    "step_template.version": "The versions of a step template are given in order, and none is given anew.",
    "step_template.in_use": "A process uses the step template, or this version of it.",
    "step_template.parameter": "A parameter of the step template breaks a rule.",
    "step_template.parameter_unknown": "The version of the step template has no such parameter.",
    "step_template.value_missing": "A parameter of the step template needs a value.",
    "step_template.value": "A parameter of the step template cannot have this value.",
    "step_template.not_secret": "The parameter is a secret, and the value that it has is not.",
    "step_template.action": "An action that uses a step template takes kind and properties from it.",
    "step_template.user_unknown": "The process does not use the step template.",
    "step_template.plan_changed": "Who uses the step template, or how, has changed since the plan was made.",
    "tenant.unknown": "There is no such tenant.",
    "tenant.forbidden": "The project is deployed, or the runbook runs, for no tenant.",
    "tenant.required": "The project is deployed, or the runbook runs, for tenants only.",
    "tenant.not_connected": "The tenant is not connected to the project in this environment.",
    "tenant.channel": "The release's channel is not for this tenant.",
    "tenant.none": "No tenant is meant by these tags.",
    "tenant.in_use": "The tenant has deployments, or runs of runbooks.",
    "tenant.on_target": "A target is for the tenant by name.",
    "tenant.on_freeze": "A freeze holds for the tenant by name.",
    "tenant.on_trigger": "A trigger is for the tenant by name.",
    "tenant.exists": "A tenant, or a set of tags, of this name exists.",
    "tenant.tag": "No set of tags has this tag.",
    "tenant.tag_set": "There is no such set of tags.",
    "tenant.tag_used": "A tenant has this tag, or a target or trigger names it.",
    "tenant.template": "A template of what tenants give breaks a rule.",
    "tenant.template_unknown": "The project or library set has no such template.",
    "tenant.value": "A tenant cannot give this value for the template.",
    "tenant.value_place": "A tenant's value is for a project and an environment, or for a library set.",
    "tenant.value_unknown": "The tenant gives no such value.",
    "tenant.value_missing": "The tenant gives no value for a template that has no default.",
    "trigger.unknown": "The project has no such trigger.",
    "trigger.exists": "The project has a trigger of this name.",
    "trigger.invalid": "The trigger lacks what it needs.",
    "trigger.disabled": "The trigger or its project is disabled.",
    "trigger.same_version": "A release has these versions already, or nothing newer is there.",
    "trigger.own_run": "What came is pushed by the project's own runs, which make the release.",
    "trigger.older": "What came is an older version than the latest release has.",
    "trigger.no_target": "No target that the trigger could deploy to is available.",
    "trigger.asked": "The trigger waits for a registry that tells of a push, and cannot be asked.",
    "trigger.failed": "Something unforeseen went wrong when the trigger was looked at.",
    "trigger.missed": "The trigger was due while no server ran, and is too late by now.",
    "trigger.tenants": "The trigger did nothing for any of its tenants; why is told of each.",
    "trigger.nothing": "There is nothing that the trigger could deploy or build.",
    "schedule.cron": "The schedule is not a line of cron; the field that is wrong is named.",
    "schedule.zone": "There is no such time zone.",
    "schedule.never": "The schedule is never due.",
    # source
    "source.unreachable": "The repository cannot be reached.",
    "source.refused": "The repository refused the credentials.",
    "source.branch": "The branch does not exist in the repository.",
    "source.commit": "The commit is not in the repository.",
    "source.url": "The repository's address is not of an allowed form.",
    "source.ref": "The repository has neither a branch nor a tag nor a commit of that name.",
    "source.file": "The commit has no file of that name.",
    "source.local": "The repository is on the server's disk, where others' are, too.",
    "source.none": "The project has no repository; its releases are made from outside.",
    "source.failed": "Git answered with a failure.",
    # engine, images, registry
    "engine.unreachable": "The container engine does not answer.",
    "engine.failed": "The container engine answered with a failure.",
    "engine.gone": "The container is not there (any more).",
    "engine.stranger": "Something that is not Fairlead's has the name that is needed.",
    "engine.address": "The address is taken by something else.",
    "image.build": "An image could not be built.",
    "image.buildkit": "The build needs BuildKit (secrets, RUN --mount, here-documents), and there is none.",
    "image.not_by_digest": "A variable names the image of a step's container, and not by its digest.",
    "image.unknown": "The image is not there.",
    "registry.unreachable": "The registry does not answer.",
    "registry.unknown": "There are no credentials for this registry.",
    "registry.failed": "The registry answered with a failure.",
    "registry.missing": "The registry program is not installed on this machine.",
    "registry.digest": "The registry has another digest than the release says.",
    "host.room": "The host has too little memory or disk for the idle slot; nothing was started.",
    "host.unreachable": "The host cannot be reached.",
    "host.ticket": "No run of this ticket is known on the host.",
    "host.file": "The file is not there on the host, or cannot be read or written.",
    "host.port": "A port that is to be published is in use.",
    "host.disk": "The disk is full.",
    "network.pool": "No free subnet is left in the pool of the settings.",
    # proxy
    "proxy.unreachable": "The proxy's runtime socket does not answer.",
    "proxy.failed": "The proxy answered with a failure.",
    "proxy.verify": "The proxy does not say what was set.",
    "proxy.pool": "No spare backend is left in the proxy's pool.",
    "proxy.replicas": "The service has more replicas than a backend of the proxy has slots.",
    "proxy.binary": "No HAProxy of version 2.6 or newer was found.",
    "proxy.busy": "Another process holds the proxy's lock.",
    "proxy.port": "The proxy's port is in use.",
    "route.taken": "Another project has this route.",
    "route.unknown": "The proxy holds no such route.",
    # running
    "instance.unhealthy": "An instance did not become ready in time.",
    "instance.died": "An instance ended before it was ready.",
    "instance.stranger": "Something else answers at the instance's address.",
    "service.failed": "A one-shot service ended with a failure.",
    "migration.failed": "The migration ended with a failure.",
    "migration.backup": "The back-up before the migration failed; nothing was migrated.",
    "migration.contraction": "The release is live, but the command after the old one's end failed.",
    "schema.copy": "The schema gate could not copy the schema; nothing was deployed.",
    "schema.migration": "The migration failed on a scratch copy of the schema; nothing was deployed.",
    "schema.breaks_old_release": "The old release fails with the schema that the new one makes; nothing was deployed.",
    "tests.failed": "The tests said no.",
    "tests.network": "The tests are to join the environment's network, which is not there.",
    "tests.broken": "The tests could not be run.",
    "script.failed": "A script ended with another exit code than 0, or could not be started.",
    "step.timed_out": "A step took longer than its bound.",
    "step.bug": "A bug in Fairlead stopped this task; its traceback is in the task's log.",
    "task.cancelled": "The task was cancelled.",
    # server
    "server.second": "Another server holds this database, or is of this installation.",
    "server.port": "The server's port is in use.",
    "server.settings": "A setting is not valid.",
    "server.unreachable": "The Fairlead server does not answer.",
    "server.state": "The data directory is not usable.",
    "server.restored": "It was in a backup that was put back, and does not go on, or begin, by itself.",
    "secrets.master_key": "The master key is missing or is not the one that the secrets were encrypted with.",
    "secrets.rotation": "The master key cannot be exchanged as it is given.",
    "store.unreachable": "The database does not answer.",
    "notification.failed": "A notification could not be delivered.",
    "backup.invalid": "The backup cannot be restored.",
}
