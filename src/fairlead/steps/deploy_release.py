"""The kind of action that deploys a release of another project, where this one goes, and waits for its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fairlead.domain.child_release import DeployCondition, is_chosen_with_release, project_of
from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.effect import Done, Outcome, SaidNo, Waits
from fairlead.domain.errors import Invalid
from fairlead.domain.known_variables import needed_by
from fairlead.domain.output_variables import effect_output, of_effects, seen_from
from fairlead.domain.plan import Effect, Node
from fairlead.domain.process import DEPLOY_RELEASE, ResolvedAction, action_of
from fairlead.domain.record import Json
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import Text, secrets_in
from fairlead.ports.children import Child, ChildWish
from fairlead.ports.step import EffectKind, Tools
from fairlead.steps.effects.basis import Plain, arguments, read
from fairlead.steps.filled_in import filled, known_at, unresolved
from fairlead.steps.late_texts import late

MOST_ANSWERS = 100
TRIES = 5
"""While the books cannot be asked; the child goes on meanwhile, and is found again."""


@dataclass(frozen=True, slots=True)
class ReleaseDeployed:
    """A wish as it was written: what is known only when earlier steps have ended is put in when it begins."""

    action: str
    project: str
    version: str
    channel: str = ""
    condition: DeployCondition = DeployCondition.ALWAYS
    answers: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Text] = field(default_factory=dict)


class DeployChild(Plain):
    """A deployment of its own, one for its task, key and attempt: whoever asks again finds it. The task waits for its
    end, paused; then the outcome is the verdict, and what its actions gave are outputs. Undoing cancels it where it is
    still under way; a release that went live stays."""

    kind = "release.deploy"

    async def do(self, effect: Effect, tools: Tools) -> Outcome | Waits:
        """Asks for it, or finds it, and says how it stands."""
        deployed = read(ReleaseDeployed, effect)
        known = await known_at(deployed.variables, "", tools)
        texts = (deployed.version, deployed.channel, *deployed.answers.values())
        if (lacking := unresolved(known, *texts)) is not None:
            return lacking
        wish = _filled(deployed, known, tools)
        if "#{" in wish.version:
            return SaidNo("variable.unknown", f"the version {wish.version[:200]} of {wish.project} has no value")
        child = await tools.children.begin(tools.task, _key(effect, tools), wish)
        if child.left:
            tools.say(f"{child.project}: {child.left}; nothing is deployed")
            return Done(effect_output(deployed.action, "", {"Deployed": "False", "Release.Number": child.version}))
        what = f"{child.project} {child.version} to {child.environment}, deployment {child.number}"
        if not child.has_ended:
            return Waits(f"waits for {what} ({child.deployment})" + (f": {child.waits_for}" if child.waits_for else ""))
        if child.outcome is not DeploymentOutcome.LIVE:
            how = child.outcome.words + (f": {child.reason}" if child.reason else "")
            return SaidNo("deployment.child", f"{what}, {how}", hint=f"fairlead deployments show {child.deployment}")
        tools.say(f"{what}, is live")
        own = effect_output(deployed.action, "", _own(child))["outputs"]
        assert isinstance(own, dict)
        return Done({"action": deployed.action, "target": "", "outputs": {**own, **dict(_given(child))}})

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """It is not under way any more."""
        await tools.children.cancel(tools.task, _key(effect, tools))


def _key(effect: Effect, tools: Tools) -> str:
    return f"{effect.key}{tools.attempt}"


def _filled(deployed: ReleaseDeployed, known: Variables, tools: Tools) -> ChildWish:
    values = {**deployed.variables, **seen_from("", of_effects(tools.outputs))}
    by_name = {name.lower(): text for name, text in values.items()}
    secret = {
        name
        for name, text in deployed.answers.items()
        if any(True for _ in secrets_in(*needed_by(text, by_name).values()))
    }
    return ChildWish(
        deployed.project,
        filled(known, deployed.version).strip(),
        filled(known, deployed.channel).strip(),
        deployed.condition,
        {name: filled(known, text) for name, text in deployed.answers.items()},
        frozenset(secret),
    )


def _own(child: Child) -> dict[str, Text]:
    return {
        "Deployed": "True",
        "Release.Number": child.version,
        "Deployment.Id": child.deployment,
        "Deployment.Number": str(child.number),
    }


def _given(child: Child) -> Iterator[tuple[str, Json]]:
    """What its actions gave, by Octopus's names: ``Output.Deployment[STEP].NAME``; with ``[STEP][TARGET]`` where it
    ran on targets, of which the last by name holds without one (docs, projects/variables/output-variables)."""
    found = ((action_of(key), held) for key, held in child.given.items())
    known = [(of, held["outputs"]) for of, held in found if of and isinstance(held, dict) and "outputs" in held]
    for (step, target), named in sorted(known, key=lambda one: (one[0][0], one[0][1].lower())):
        for name, value in named.items() if isinstance(named, dict) else ():
            if target:
                yield f"Deployment[{step}][{target}].{name}", value
            yield f"Deployment[{step}].{name}", value


class DeployRelease:
    """Runs on no target: the other project's process says where."""

    name = DEPLOY_RELEASE
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "deploys a release of another project to the same environment, and waits for its end",
        "additionalProperties": False,
        "required": ["project"],
        "properties": {
            "project": {
                "type": "string",
                "pattern": "^[^#{}]+$",
                "maxLength": 100,
                "description": "whose release it is; its name, without variables",
            },
            "version": {
                "type": "string",
                "maxLength": 500,
                "description": "which release: a version, or `latest`; may hold #{…}, outputs of earlier steps too. "
                "Without it, it is chosen when this project's release is made, and kept with it: by default the one "
                "made last, else --package ACTION=VERSION",
            },
            "channel": {
                "type": "string",
                "maxLength": 200,
                "description": "the channel of the other project that the latest release is looked for in",
            },
            "condition": {
                "enum": [condition.value for condition in DeployCondition],
                "description": "when: always (as without it), if it is not the current release there, or if it is "
                "newer than that",
            },
            "variables": {
                "type": "object",
                "maxProperties": MOST_ANSWERS,
                "additionalProperties": {"type": "string", "maxLength": 20_000},
                "description": "answers to what the other project's prompted variables ask, by label or name; may hold "
                "#{…}; a secret is only taken by a prompt that is kept secret",
            },
        },
    }
    effects: Mapping[str, EffectKind] = {DeployChild.kind: DeployChild()}

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect."""
        action = resolved.action
        given = action.properties.get("variables")
        answers = {name: str(text) for name, text in given.items()} if isinstance(given, dict) else {}
        version = resolved.chosen if is_chosen_with_release(action) else str(action.properties["version"])
        if not version:
            raise Invalid(
                "process.child_version",
                f"no version of {project_of(action)} was chosen for {action.name}",
                thing=action.name,
                hint="make a new release, which chooses one, or name the version in the process",
            )
        texts = {"version": version, "channel": str(action.properties.get("channel", ""))}
        deployed = ReleaseDeployed(
            action.name,
            project_of(action),
            version,
            texts["channel"],
            DeployCondition(str(action.properties.get("condition", DeployCondition.ALWAYS.value))),
            answers,
            late(resolved, {**texts, **{f"variable {name}": text for name, text in answers.items()}}),
        )
        when = "" if deployed.condition is DeployCondition.ALWAYS else f", {deployed.condition.value.replace('-', ' ')}"
        return Effect(
            DeployChild.kind,
            f"{resolved.key}/release",
            f"{action.name}: deploy {deployed.project} {version}{when}",
            arguments(deployed),
            attempts=TRIES,
            only_tidies=True,
        )
