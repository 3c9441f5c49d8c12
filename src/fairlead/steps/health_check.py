"""The kind of action that looks whether its step's targets are well, and leaves those that are not out of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import FairleadError, Invalid
from fairlead.domain.health import HealthState
from fairlead.domain.output_variables import effect_output
from fairlead.domain.plan import EXCLUDED, Effect, Node
from fairlead.domain.process import HEALTH_CHECK, ResolvedAction, RunLocation
from fairlead.domain.record import Json
from fairlead.ports.step import EffectKind, Tools
from fairlead.ports.task_log import Level
from fairlead.steps.effects.basis import arguments, read
from fairlead.steps.effects.scripts import RunScript, ScriptRun
from fairlead.steps.scripts.bundle import SUFFIXES, Language

OnUnhealthy = Literal["fail", "exclude"]
SCRIPT_S = 300.0
"""What a check of one's own gets: whoever waits longer for an answer asks too much."""
LONGEST_S = 3600
LOOK_S = 30.0
MARGIN_S = 120.0
ATTEMPTS = 3
"""Of asking the books; that a target does not answer is an answer."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A target by id and name, the script that says how it is (None: it only has to answer), and what follows."""

    action: str
    target: str
    name: str
    on_unhealthy: OnUnhealthy = "fail"
    script: ScriptRun | None = None


class CheckTarget:
    """Asks the target, and keeps how it is. What a script of one's own did there is not undone; undoing ends it where
    it still runs."""

    kind = "target.check"

    def __init__(self) -> None:
        self._script = RunScript()

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """How a target is, is asked anew."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Its output ``Health`` is the state; a target that is not well is excluded from the rest, or is a no."""
        checked = read(Checked, effect)
        state, reason = await self._state(checked, effect, tools)
        await tools.health.found(tools.task, checked.target, state, reason)
        tools.say(f"{checked.name} is {state.value}" + (f": {reason}" if reason else ""), _level(state))
        output = effect_output(checked.action, checked.name, {"Health": state.value, "Health.Reason": reason})
        if state.is_well:
            return Done(output)
        if checked.on_unhealthy == "exclude":
            tools.say(f"{checked.name} is left out of the rest", "warning")
            return Done({**output, EXCLUDED: [checked.name]})
        return SaidNo(
            "target.unhealthy",
            f"{checked.name} is {state.value}: {reason}",
            hint="repair it, disable it (fairlead targets set --disable), or let the step exclude it: on_unhealthy",
        )

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """A script that still runs is ended."""
        checked = read(Checked, effect)
        if checked.script is not None:
            await self._script.undo(_run(checked.script, effect), tools)

    async def _state(self, checked: Checked, effect: Effect, tools: Tools) -> tuple[HealthState, str]:
        try:
            await tools.hosts.look(checked.target)
            if checked.script is None:
                return HealthState.HEALTHY, ""
            outcome = await self._script.do(_run(checked.script, effect), tools)
        except FairleadError as error:
            return HealthState.UNAVAILABLE, error.message
        if isinstance(outcome, SaidNo):
            return HealthState.UNHEALTHY, outcome.reason
        if outcome.output.get("said_error"):
            return HealthState.UNHEALTHY, str(outcome.output["said_error"])
        if outcome.output.get("warned"):
            return HealthState.HAS_WARNINGS, str(outcome.output["warned"])
        return HealthState.HEALTHY, ""


def _run(script: ScriptRun, effect: Effect) -> Effect:
    return replace(effect, kind=RunScript.kind, arguments=arguments(script))


def _level(state: HealthState) -> Level:
    return "info" if state is HealthState.HEALTHY else "warning"


class HealthCheck:
    """Octopus's health check step (docs, projects/built-in-step-templates/health-check)."""

    name = HEALTH_CHECK
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "looks whether the step's targets are well, and keeps it as their health",
        "additionalProperties": False,
        "properties": {
            "script": {
                "type": "string",
                "minLength": 1,
                "maxLength": 100_000,
                "description": "how one is asked, beside that it answers: an exit code other than 0, a line at level "
                "error or fail_healthcheck says unhealthy, a warning says so; #{…} is put in. Without it, to answer is "
                "enough",
            },
            "file": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1000,
                "description": "the same as a file of the release's commit, below the folder of fairlead.yml",
            },
            "language": {
                "enum": [language.value for language in Language],
                "description": "what it is written in: by default what the file's ending says, else bash",
            },
            "within_s": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": LONGEST_S,
                "description": f"how long the script may take; {SCRIPT_S:g} without it",
            },
            "on_unhealthy": {
                "enum": ["fail", "exclude"],
                "description": "what becomes of a target that is not well: the step fails (as without it), or it is "
                "excluded from the rest of the deployment",
            },
        },
    }
    effects: Mapping[str, EffectKind] = {CheckTarget.kind: CheckTarget()}

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect for the target."""
        action, target = resolved.action, resolved.target
        if target is None or action.runs_on is not RunLocation.TARGETS:
            raise Invalid(
                "process.place",
                f"{action.name} looks at targets, but runs on none",
                thing=action.name,
                hint="give its step target tags",
            )
        script = _script(resolved, target.id)
        checked = Checked(
            action.name,
            target.id,
            target.name,
            "exclude" if action.properties.get("on_unhealthy") == "exclude" else "fail",
            script,
        )
        return Effect(
            CheckTarget.kind,
            f"{resolved.key}/health",
            f"{action.name}: look at {target.name}",
            arguments(checked),
            timeout_s=LOOK_S + (script.timeout_s if script else 0.0) + MARGIN_S,
            attempts=ATTEMPTS,
            only_tidies=True,
            target=target.name,
        )


def _script(resolved: ResolvedAction, target: str) -> ScriptRun | None:
    held = resolved.action.properties
    source, file = (str(held.get(name) or "") for name in ("script", "file"))
    if source and file:
        message = f"{resolved.action.name} has a script or a file that holds it, and not both"
        raise Invalid("process.properties", message, thing=resolved.action.name)
    if not source and not file:
        return None
    given, within_s = str(held.get("language") or ""), held.get("within_s")
    by_ending = SUFFIXES.get(PurePosixPath(file).suffix.lower(), Language.BASH)
    return ScriptRun(
        action=resolved.action.name,
        step=resolved.step,
        language=Language(given) if given else by_ending,
        source=source,
        file=file,
        target=target,
        on_behalf_of=resolved.target.name if resolved.target else "",
        variables=resolved.variables,
        timeout_s=float(within_s) if isinstance(within_s, int | float) else SCRIPT_S,
    )
