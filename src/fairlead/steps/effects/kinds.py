"""Every effect kind of a deployment, by name: what the interpreter is given."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.ports.step import EffectKind
from fairlead.steps.effects.accessories import EnsureAccessory
from fairlead.steps.effects.acquiring import AcquirePackage, ForgetAcquired
from fairlead.steps.effects.choosing_targets import ChooseTargets
from fairlead.steps.effects.ends import Commit, CommitProcess, KeepFinished, RetireSlot, StandBy, StopSlot, Tidy
from fairlead.steps.effects.ground import ClaimSlot, EnsureNetwork, EnsureVolume
from fairlead.steps.effects.images import AcquireImage
from fairlead.steps.effects.instances import (
    InstanceReady,
    InstancesSteady,
    KeepInstancesUp,
    MakeInstance,
    ResumeInstances,
    StartInstance,
    StopInstances,
)
from fairlead.steps.effects.printed_variables import PrintVariables
from fairlead.steps.effects.registrations import Register
from fairlead.steps.effects.room import CheckRoom
from fairlead.steps.effects.routes import CountRoutes, DrainRoute, FillRoute, PointRoutes, RemoveRoute, VerifyRoutes
from fairlead.steps.effects.runs import RunContainer
from fairlead.steps.effects.schema import ClearGate, MakeScratchGround, RunContraction, RunOldTests, StandInGate
from fairlead.steps.effects.state import CaptureState

DEPLOYMENT_EFFECTS: Mapping[str, EffectKind] = {
    CaptureState.kind: CaptureState(),
    CheckRoom.kind: CheckRoom(),
    AcquireImage.kind: AcquireImage(),
    MakeScratchGround.kind: MakeScratchGround(),
    StandInGate.kind: StandInGate(),
    RunOldTests.kind: RunOldTests(),
    ClearGate.kind: ClearGate(),
    EnsureNetwork.kind: EnsureNetwork(),
    EnsureVolume.kind: EnsureVolume(),
    EnsureAccessory.kind: EnsureAccessory(),
    RunContainer.kind: RunContainer(),
    ClaimSlot.kind: ClaimSlot(),
    MakeInstance.kind: MakeInstance(),
    StartInstance.kind: StartInstance(),
    InstanceReady.kind: InstanceReady(),
    KeepInstancesUp.kind: KeepInstancesUp(),
    InstancesSteady.kind: InstancesSteady(),
    StopInstances.kind: StopInstances(),
    ResumeInstances.kind: ResumeInstances(),
    Register.kind: Register(),
    FillRoute.kind: FillRoute(),
    CountRoutes.kind: CountRoutes(),
    PointRoutes.kind: PointRoutes(),
    VerifyRoutes.kind: VerifyRoutes(),
    Commit.kind: Commit(),
    CommitProcess.kind: CommitProcess(),
    KeepFinished.kind: KeepFinished(),
    ChooseTargets.kind: ChooseTargets(),
    AcquirePackage.kind: AcquirePackage(),
    ForgetAcquired.kind: ForgetAcquired(),
    PrintVariables.kind: PrintVariables(),
    DrainRoute.kind: DrainRoute(),
    RemoveRoute.kind: RemoveRoute(),
    StopSlot.kind: StopSlot(),
    RetireSlot.kind: RetireSlot(),
    StandBy.kind: StandBy(),
    RunContraction.kind: RunContraction(),
    Tidy.kind: Tidy(),
}
