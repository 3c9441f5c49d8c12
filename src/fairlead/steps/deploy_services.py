"""The step kind that deploys a release's services: blue-green, with a way back until the commit point (laws 1 and 2).

    end standby → state before → room → acquire → schema gate → accessories → back-up → migrate → start → ready
    → catalogue → pre-integration → recreate-routed → fill → switch → verify → workers → recreate → post-integration
    → COMMIT → drain → retire → contract → tidy

`plan` is pure: the same input gives the same plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fairlead.domain.announced import Announced
from fairlead.domain.plan import Effect, InParallel, Node, Plan, Sequence, Step
from fairlead.domain.service import Role
from fairlead.domain.slot import SlotState
from fairlead.ports.step import EffectKind
from fairlead.steps.announcing import announce
from fairlead.steps.blueprint import configuration_hash
from fairlead.steps.bounds import TRIES
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.kinds import DEPLOYMENT_EFFECTS
from fairlead.steps.effects.routes import Filled
from fairlead.steps.effects.state import Captured, CaptureState
from fairlead.steps.intention import intention
from fairlead.steps.plan_ending import commit_effect, end_standby_node, onward
from fairlead.steps.plan_filling import (
    backup_step,
    catalogue_step,
    migrate_step,
    ready_step,
    start_step,
    waited_for_last,
)
from fairlead.steps.plan_ground import accessories_step, acquire_step, has_data, is_made_again, room_step
from fairlead.steps.plan_rollback import standing_routes, switch_alone
from fairlead.steps.plan_schema import copies_a_stopped_accessory, schema_notes, schema_step
from fairlead.steps.plan_switching import (
    count_step,
    fill_step,
    filled_routes,
    probes_of,
    recreate_step,
    service_beside,
    steady_step,
    switch_step,
    tests_step,
    verify_step,
    workers_step,
)
from fairlead.steps.resolved import ResolvedDeployment
from fairlead.steps.roster import SLOT_ROLES, Roster, image_of, roster


class DeployServices:
    """Deploys one release to one place."""

    name = "deploy-services"
    effects: Mapping[str, EffectKind] = DEPLOYMENT_EFFECTS

    def plan(self, resolved: ResolvedDeployment) -> Plan:
        """The plan; `Invalid` or `Refused` where the input cannot be deployed at all."""
        steps = _switch_alone_steps(resolved) if resolved.is_switch_alone else _all_steps(resolved)
        return Plan(
            task_kind=resolved.kind,
            title=_title(resolved),
            intention=intention(resolved),
            forward=Sequence(tuple(steps)),
            commit=commit_effect(resolved),
            onward=onward(resolved),
            warnings=(*resolved.definition.warnings, *resolved.cautions),
            notes=tuple(_notes(resolved)),
            announced=_announced(resolved),
        )


def _announced(resolved: ResolvedDeployment) -> Announced:
    if resolved.is_switch_alone:
        return announce(resolved, None, standing_routes(resolved))
    new = roster(resolved)
    return announce(resolved, new, filled_routes(resolved, probes_of(new.instances)))


def _title(resolved: ResolvedDeployment) -> str:
    verb = "Roll back" if resolved.kind == "rollback" else "Deploy"
    return f"{verb} {resolved.place.project} {resolved.version} to {resolved.place.shown}"


def _all_steps(resolved: ResolvedDeployment) -> Iterator[Node]:
    new = roster(resolved)
    filled = filled_routes(resolved, probes_of(new.instances))
    if _has_something_in_the_way(resolved):
        yield _end_standby(resolved)
    yield InParallel((_capture(resolved), room_step(resolved)))  # both only look
    yield from _ground(resolved)
    for step in (backup_step(resolved), migrate_step(resolved)):
        yield from _given(step)
    yield start_step(resolved, new)
    yield from _ready_and_filled(resolved, new, filled)
    if filled:
        yield switch_step(resolved, filled)
        yield verify_step(filled)
    after = (
        workers_step(resolved, new),
        recreate_step(resolved, new, with_routes=False),
        tests_step(resolved, "post-integration", new),
    )
    for step in after:
        yield from _given(step)
    if any(after):  # else the switch has just been verified
        yield steady_step(new)


def _ground(resolved: ResolvedDeployment) -> Iterator[Node]:
    """Images, and what stays from one deployment to the next. Side by side where that is no more than a network: what
    holds data is touched once all images are there."""
    acquire, gate, accessories = acquire_step(resolved), schema_step(resolved), accessories_step(resolved)
    if gate is None and not has_data(resolved):
        yield InParallel((acquire, accessories))
        return
    first, then = (accessories, gate) if copies_a_stopped_accessory(resolved) else (gate, accessories)
    for step in (acquire, first, then):
        yield from _given(step)


def _ready_and_filled(resolved: ResolvedDeployment, new: Roster, filled: tuple[Filled, ...]) -> Iterator[Node]:
    """What is ready is found, tested and put behind the routes; side by side where nothing may come between."""
    beside = new.with_roles(*SLOT_ROLES)
    tests = tests_step(resolved, "pre-integration", new)
    recreated = recreate_step(resolved, new, with_routes=True)
    is_next = bool(filled) and not tests and not recreated
    kept_up = waited_for_last(new) if is_next else ()
    yield from _given(ready_step(new, is_before_the_switch=is_next))
    found = catalogue_step(resolved, new)
    behind = fill_step(filled, [one for one in beside if one not in kept_up]) if filled else None
    if found and behind and is_next:
        yield InParallel((behind, found))
        return
    yield from _given(found)
    yield from _given(tests)
    if recreated:
        yield count_step(resolved, filled)
        yield recreated
    yield from _given(behind)


def _switch_alone_steps(resolved: ResolvedDeployment) -> Iterator[Node]:
    yield _capture(resolved)
    yield from switch_alone(resolved)


def _given(step: Step | None) -> Iterator[Step]:
    if step is not None:
        yield step


def _has_something_in_the_way(resolved: ResolvedDeployment) -> bool:
    return resolved.idle.slot.state is not SlotState.EMPTY


def _end_standby(resolved: ResolvedDeployment) -> Step:
    node = end_standby_node(resolved.place, resolved.idle, resolved.routes_before)
    return Step("end-standby", f"End {resolved.idle.slot.version or 'what stood'} in the idle slot", node)


def _capture(resolved: ResolvedDeployment) -> Step:
    effect = Effect(
        CaptureState.kind,
        "state:before",
        "capture the state before",
        arguments(Captured(resolved.place)),
        attempts=TRIES,
        is_undone=False,
        only_looks=True,
    )
    return Step("capture", "Capture the state before", effect)


def _notes(resolved: ResolvedDeployment) -> Iterator[str]:
    slot = resolved.idle.slot
    if resolved.is_switch_alone:
        yield f"{resolved.version} stands by in {resolved.colour.value}: this is a switch alone"
    elif _has_something_in_the_way(resolved):
        yield f"{slot.version or 'what stands'} in {slot.colour.value} ({slot.state.value}) is ended first"
        yield "ending it is an act of its own: it is not brought back when this deployment fails"
        if resolved.has_stood_by:
            said = ", ".join(resolved.lacking)
            yield f"what stood by in {slot.colour.value} is not whole ({said}): {resolved.version} is started anew"
    if resolved.live is None:
        yield "nothing is live there yet: this is the first deployment"
    yield from _harm_notes(resolved)
    yield from _accessory_notes(resolved)
    if resolved.definition.migration and not resolved.is_switch_alone:
        yield "the migration's work on data is not undone: it must leave the old release working"
        yield from schema_notes(resolved)
    if not resolved.is_switch_alone:
        yield from _test_notes(resolved)
    if resolved.keeps_standby_s > 0 and resolved.live is not None:
        yield f"the old release stands by for {resolved.keeps_standby_s:g} s afterwards"


def _test_notes(resolved: ResolvedDeployment) -> Iterator[str]:
    tests = resolved.definition.tests
    kinds = tests.kinds if tests is not None and resolved.test_image else ()
    if not {"pre-integration", "post-integration"} & set(kinds):
        yield "there are no tests here: the health probe alone decides"
    elif "pre-integration" in kinds and service_beside(resolved) is None:
        yield "the pre-integration tests are left out: no service stands beside the old release before the switch"


def _harm_notes(resolved: ResolvedDeployment) -> Iterator[str]:
    for harm in resolved.definition.harms:
        by_whom = resolved.allowed_harms.get(harm.key)
        if by_whom:
            yield f"{harm.key} of {harm.service} is allowed by {by_whom}"


def _accessory_notes(resolved: ResolvedDeployment) -> Iterator[str]:
    services = {one.name: one for one in resolved.definition.services if one.role is Role.ACCESSORY}
    for name, found in sorted(resolved.accessories.items()):
        if found.presence == "absent":
            continue
        if name not in services:
            yield f"accessory {name} is not in the project file any more: {found.name} is left as it is"
        elif is_made_again(resolved, name):
            yield f"accessory {name} is made again, because it was asked for; its volumes stay"
        elif found.configuration != configuration_hash(services[name], image_of(resolved, name)):
            yield f"accessory {name} has a changed definition: applied only with --recreate-accessory {name}"
