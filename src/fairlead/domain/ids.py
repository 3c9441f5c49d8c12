"""Identifiers: distinct types, so that a release is never passed where a project is meant."""

from typing import NewType

ProjectId = NewType("ProjectId", str)
EnvironmentId = NewType("EnvironmentId", str)
LifecycleId = NewType("LifecycleId", str)
ChannelId = NewType("ChannelId", str)
ReleaseId = NewType("ReleaseId", str)
DeploymentId = NewType("DeploymentId", str)
RunId = NewType("RunId", str)
TaskId = NewType("TaskId", str)
ApprovalId = NewType("ApprovalId", str)
TenantId = NewType("TenantId", str)
TargetId = NewType("TargetId", str)
ActorId = NewType("ActorId", str)
LibrarySetId = NewType("LibrarySetId", str)
SecretVersionId = NewType("SecretVersionId", str)
NodeId = NewType("NodeId", str)
GroupId = NewType("GroupId", str)
TeamId = NewType("TeamId", str)
RoleId = NewType("RoleId", str)
ProviderId = NewType("ProviderId", str)
