"""The pipeline: from a commit to a release, as a plan.

    check out ▸ test image ▸ pre-deployment tests ▸ builds ▸ tests of the built images ▸ push ▸ release; always: tidy

A built service that stands beside the pre-deployment tests is built before them. What fails ends the run with its
reason; the engine then undoes (removes) what stands, and `always` leaves nothing of the run on the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from fairlead.domain.outline import OutlineService
from fairlead.domain.plan import Effect, InParallel, Node, Plan, Sequence, Step
from fairlead.domain.record import Json, to_data
from fairlead.domain.service import Build
from fairlead.ports.container_engine import LABEL_INSTALLATION, LABEL_KIND, LABEL_PROJECT, LABEL_SERVICE, LABEL_TASK
from fairlead.ports.step import EffectKind
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.bench import ClearBench, MakeBenchNetwork, RunTests, StandService
from fairlead.steps.effects.builds import BuildImage, Built, PinImage, Pinned
from fairlead.steps.effects.check_out import CheckedOut, CheckOut
from fairlead.steps.effects.make_release import MakeRelease, NewRelease
from fairlead.steps.effects.pushes import Pushed, PushImage
from fairlead.steps.effects.tidy_run import Tidied, TidyRun
from fairlead.steps.pipeline_bench import Bench, bench_warnings, tests_of
from fairlead.steps.run_resolved import ResolvedRun
from fairlead.steps.throw_away import needed_by

BUILD_TIMEOUT_S = 3600.0
PUSH_TIMEOUT_S = 1800.0
PULL_TIMEOUT_S = 1800.0
CHECK_OUT_TIMEOUT_S = 1800.0
RELEASE_TIMEOUT_S = 300.0
TIDY_TIMEOUT_S = 300.0
OUTSIDE_ATTEMPTS = 3
"""How often what needs the outside is tried while that does not answer; a "no" is never tried again."""

TEST_IMAGE = "tests.image"
"""The test image's repository beside the services': a dot, which no service's name may hold."""


class Pipeline:
    """The step kind of runs."""

    name = "pipeline"
    effects: Mapping[str, EffectKind] = {
        kind.kind: kind
        for kind in (
            CheckOut(),
            BuildImage(),
            PinImage(),
            MakeBenchNetwork(),
            StandService(),
            RunTests(),
            ClearBench(),
            PushImage(),
            MakeRelease(),
            TidyRun(),
        )
    }

    def plan(self, resolved: Any) -> Plan:
        """The plan of a `ResolvedRun`."""
        return plan(cast("ResolvedRun", resolved))


def plan(run: ResolvedRun) -> Plan:
    """What the run will do."""
    outline = run.outline
    beside = needed_by(run.definition, _beside(run))
    early = [one for one in _fixed(run) if one.name in beside]
    later = [one for one in _fixed(run) if one.name not in beside]
    steps = [_step("check-out", "Check out", _check_out(run)), *_test_steps(run, early)]
    if builds := [_build(run, one.name, one.build) for one in later if one.build]:
        steps.append(_step("build", "Build images", InParallel(tuple(builds), run.builds_at_once)))
    steps += _built_test_steps(run)
    steps.append(_step("push", "Push images", _pushes(run, later)))
    steps.append(_step("release", f"Make release {run.version}", _release(run)))
    return Plan(
        task_kind="run",
        title=f"Run {run.number} of {run.project}: {run.branch} {run.commit[:12]}",
        intention=_intention(run),
        forward=Sequence(tuple(steps)),
        always=_step("tidy", "Tidy up", _tidy(run)),
        warnings=(*run.warnings, *outline.warnings, *bench_warnings(run)),
    )


def build_key(name: str) -> str:
    """The effect key of a service's build (or of the test image's)."""
    return f"build/{name}"


def pin_key(name: str) -> str:
    """The effect key under which a named image gets its digest."""
    return f"pin/{name}"


def push_key(name: str) -> str:
    """The effect key of a push."""
    return f"push/{name}"


def version_tag(version: str) -> str:
    """The version as a tag: the one character that versions may have and tags may not is replaced."""
    return version.replace("+", "_")


def run_labels(run: ResolvedRun) -> dict[str, str]:
    """What everything carries that the run makes."""
    return {LABEL_PROJECT: run.project, LABEL_TASK: run.task}


def _intention(run: ResolvedRun) -> dict[str, Json]:
    return {
        "project": run.project,
        "branch": run.branch,
        "commit": run.commit,
        "version": run.version,
        "outline": to_data(run.outline),
    }


def _step(name: str, title: str, node: Node) -> Step:
    return Step(name, title, node)


def _beside(run: ResolvedRun) -> tuple[str, ...]:
    tests = run.outline.tests
    return tests.services if tests is not None and "pre-deployment" in tests.kinds else ()


def _check_out(run: ResolvedRun) -> Effect:
    checked = CheckedOut(run.source, run.commit, run.workspace)
    return Effect(
        CheckOut.kind,
        "check-out",
        f"Check out {run.commit[:12]}",
        arguments(checked),
        timeout_s=CHECK_OUT_TIMEOUT_S,
        attempts=OUTSIDE_ATTEMPTS,
        is_undone=False,
    )


def _test_steps(run: ResolvedRun, early: list[OutlineService]) -> list[Step]:
    """The test image, and the pre-deployment tests with what stands beside them."""
    tests = run.outline.tests
    if tests is None:
        return []
    image = _build(run, TEST_IMAGE, tests.build) if tests.build else _pin(run, TEST_IMAGE, tests.image)
    steps = [_step("build-tests", "Build the test image", image)]
    if "pre-deployment" not in tests.kinds:
        return steps
    if early:
        made = [_build(run, one.name, one.build) if one.build else _pin(run, one.name, one.image) for one in early]
        title = "Images beside the tests"
        steps.append(_step("build-beside", title, InParallel(tuple(made), run.builds_at_once)))
    bench = Bench(run, "pre-deployment", _beside(run), run_labels(run))
    steps.append(_step("pre-deployment", "Pre-deployment tests", tests_of(bench, _image_keys(run))))
    return steps


def _built_test_steps(run: ResolvedRun) -> list[Step]:
    """The same tests against the built images, before anything is pushed."""
    tests = run.outline.tests
    if tests is None or not tests.built_services:
        return []
    keys = _image_keys(run)
    missing = [
        _pin(run, one.name, one.image)
        for one in _fixed(run)
        if one.name in needed_by(run.definition, tests.built_services) - needed_by(run.definition, _beside(run))
        and not one.build
    ]
    bench = Bench(run, "built-images", tests.built_services, run_labels(run))
    node = Sequence((InParallel(tuple(missing)), tests_of(bench, keys))) if missing else tests_of(bench, keys)
    return [_step("built-images", "Tests of the built images", node)]


def _image_keys(run: ResolvedRun) -> dict[str, str]:
    """Service → the effect key whose output names its image; the test image under TEST_IMAGE."""
    keys = {one.name: build_key(one.name) if one.build else pin_key(one.name) for one in _fixed(run)}
    tests = run.outline.tests
    if tests is not None:
        keys[TEST_IMAGE] = build_key(TEST_IMAGE) if tests.build else pin_key(TEST_IMAGE)
    return keys


def _fixed(run: ResolvedRun) -> list[OutlineService]:
    return [one for one in run.outline.services if one.has_fixed_image]


def _build(run: ResolvedRun, name: str, build: Build) -> Effect:
    labels = _image_labels(run, name)
    built = Built(name, build, _repository(run, name), run.workspace, run.folder, labels, run.logins)
    return Effect(
        BuildImage.kind,
        build_key(name),
        f"Build {_said(name)}",
        arguments(built),
        timeout_s=BUILD_TIMEOUT_S,
        attempts=OUTSIDE_ATTEMPTS,
        is_undone=False,
        service="" if name == TEST_IMAGE else name,
    )


def _pin(run: ResolvedRun, name: str, image: str) -> Effect:
    return Effect(
        PinImage.kind,
        pin_key(name),
        f"Take the digest of {_said(name)} ({image})",
        arguments(Pinned(name, image, _repository(run, name), run.logins)),
        timeout_s=PULL_TIMEOUT_S,
        attempts=OUTSIDE_ATTEMPTS,
        is_undone=False,
        service="" if name == TEST_IMAGE else name,
    )


def _pushes(run: ResolvedRun, later: list[OutlineService]) -> Node:
    """Every built image, the test image too; and the digests of those that are only named."""
    tests = run.outline.tests
    names = [one.name for one in run.outline.services if one.build]
    names += [TEST_IMAGE] if tests is not None and tests.build else []
    tag = version_tag(run.version)
    pushes: list[Node] = [
        Effect(
            PushImage.kind,
            push_key(name),
            f"Push {_said(name)}",
            arguments(Pushed(_said(name), _repository(run, name), build_key(name), tag)),
            timeout_s=PUSH_TIMEOUT_S,
            attempts=OUTSIDE_ATTEMPTS,
            is_undone=False,
            service="" if name == TEST_IMAGE else name,
        )
        for name in names
    ]
    in_tests = (
        needed_by(run.definition, tests.built_services) if tests is not None and tests.built_services else frozenset()
    )
    pins = [_pin(run, one.name, one.image) for one in later if not one.build and one.name not in in_tests]
    return InParallel((*pushes, *pins), run.builds_at_once)


def _release(run: ResolvedRun) -> Effect:
    tests = run.outline.tests
    images = {one.name: push_key(one.name) if one.build else pin_key(one.name) for one in _fixed(run)}
    test_image = ""
    if tests is not None:
        test_image = push_key(TEST_IMAGE) if tests.build else pin_key(TEST_IMAGE)
    new = NewRelease(
        run=run.run,
        version=run.version,
        branch=run.branch,
        commit=run.commit,
        previous=run.previous,
        folder=run.folder,
        workspace=run.workspace,
        source=run.source,
        carried=run.outline.carried,
        images=images,
        test_image=test_image,
        warnings=run.outline.warnings,
        channel=run.channel,
        packages=run.packages,
    )
    return Effect(
        MakeRelease.kind,
        "release",
        f"Make release {run.version}",
        arguments(new),
        timeout_s=RELEASE_TIMEOUT_S,
        attempts=OUTSIDE_ATTEMPTS,
        is_undone=False,
    )


def _tidy(run: ResolvedRun) -> Effect:
    built = [one.name for one in run.outline.services if one.build]
    if run.outline.tests is not None and run.outline.tests.build:
        built.append(TEST_IMAGE)
    tags = tuple(f"{_repository(run, name)}:{version_tag(run.version)}" for name in built)
    return Effect(
        TidyRun.kind,
        "tidy",
        "Leave nothing behind",
        arguments(Tidied(run_labels(run), run.workspace, tags)),
        timeout_s=TIDY_TIMEOUT_S,
        attempts=OUTSIDE_ATTEMPTS,
        is_undone=False,
    )


def _repository(run: ResolvedRun, name: str) -> str:
    return f"{run.project}/{name}"


def _said(name: str) -> str:
    return "the test image" if name == TEST_IMAGE else name


def _image_labels(run: ResolvedRun, name: str) -> dict[str, str]:
    """OCI's (image-spec 1.1, annotations) and ours."""
    labels = {
        "org.opencontainers.image.created": run.created,
        "org.opencontainers.image.revision": run.commit,
        "org.opencontainers.image.source": run.source.url,
        "org.opencontainers.image.version": run.version,
        "org.opencontainers.image.title": f"{run.project}/{name}",
        LABEL_PROJECT: run.project,
        LABEL_SERVICE: name,
        LABEL_KIND: "tests" if name == TEST_IMAGE else "service",
    }
    return {**labels, LABEL_INSTALLATION: run.installation} if run.installation else labels
