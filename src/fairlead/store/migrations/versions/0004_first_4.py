"""The first tables, part 4: subscription_progress to approvals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _subscription_progress()
    _variable_snapshots()
    _variables()
    _webhook_deliveries()
    _releases()
    _runbook_runs()
    _triggers()
    _defects()
    _deployments()
    _trigger_evaluations()
    _trigger_events()
    _approvals()


def _subscription_progress() -> None:
    op.create_table(
        "subscription_progress",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("passed_over", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["subscriptions.id"], name=op.f("fk_subscription_progress_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_progress")),
    )


def _variable_snapshots() -> None:
    op.create_table(
        "variable_snapshots",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("variables", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("templates", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_variable_snapshots_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variable_snapshots")),
    )
    op.create_index(op.f("ix_variable_snapshots_project"), "variable_snapshots", ["project"], unique=False)


def _variables() -> None:
    op.create_table(
        "variables",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("scope", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("library_set", sa.Text(), nullable=True),
        sa.Column("prompt", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("composite", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("scope_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["library_set"], ["library_sets.id"], name=op.f("fk_variables_library_set")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_variables_project")),
        sa.ForeignKeyConstraint(["secret"], ["secret_versions.id"], name=op.f("fk_variables_secret")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variables")),
        sa.UniqueConstraint("owner", "name_key", "scope_key", name=op.f("uq_variables_owner_name_key_scope_key")),
    )
    op.create_index(op.f("ix_variables_library_set"), "variables", ["library_set"], unique=False)
    op.create_index(op.f("ix_variables_project"), "variables", ["project"], unique=False)


def _webhook_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("webhook", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_webhook_deliveries_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("webhook", "key", name=op.f("uq_webhook_deliveries_webhook_key")),
    )
    op.create_index("ix_webhook_deliveries_project", "webhook_deliveries", ["project", "id"], unique=False)


def _releases() -> None:
    op.create_table(
        "releases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("images", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("test_image", sa.Text(), nullable=False),
        sa.Column("commit", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("changes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("files", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("variables", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("warnings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("packages", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("script_commits", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("step_images", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["channel"], ["channels.id"], name=op.f("fk_releases_channel")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_releases_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("project", "version", name=op.f("uq_releases_project_version")),
        sa.UniqueConstraint("task", name=op.f("uq_releases_task")),
    )
    op.create_index("ix_releases_project_id", "releases", ["project", "id"], unique=False)


def _runbook_runs() -> None:
    op.create_table(
        "runbook_runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("runbook", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("freeze_override", sa.Text(), nullable=False),
        sa.Column("choice", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("plan_hash", sa.Text(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unbegun", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["environment"], ["environments.id"], name=op.f("fk_runbook_runs_environment")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_runbook_runs_project")),
        sa.ForeignKeyConstraint(["runbook"], ["runbooks.id"], name=op.f("fk_runbook_runs_runbook")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runbook_runs")),
        sa.UniqueConstraint("task", name=op.f("uq_runbook_runs_task")),
    )
    op.create_index("ix_runbook_runs_runbook", "runbook_runs", ["runbook", "environment", "id"], unique=False)
    op.create_index(op.f("ix_runbook_runs_tenant"), "runbook_runs", ["tenant"], unique=False)
    op.create_index("ix_runbook_runs_unbegun", "runbook_runs", ["unbegun", "not_before"], unique=False)


def _triggers() -> None:
    op.create_table(
        "triggers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("destination", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("is_forced", sa.Boolean(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("runbook", sa.Text(), nullable=True),
        sa.Column("watches", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("poll_s", sa.BigInteger(), nullable=False),
        sa.Column("environments", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("events", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tenants", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tenant_tags", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["channel"], ["channels.id"], name=op.f("fk_triggers_channel")),
        sa.ForeignKeyConstraint(["destination"], ["environments.id"], name=op.f("fk_triggers_destination")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_triggers_project")),
        sa.ForeignKeyConstraint(["source"], ["environments.id"], name=op.f("fk_triggers_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triggers")),
        sa.UniqueConstraint("project", "name", name=op.f("uq_triggers_project_name")),
    )
    op.create_index("ix_triggers_kind", "triggers", ["kind"], unique=False)
    op.create_index(op.f("ix_triggers_next_at"), "triggers", ["next_at"], unique=False)


def _defects() -> None:
    op.create_table(
        "defects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_defects_project")),
        sa.ForeignKeyConstraint(["release"], ["releases.id"], name=op.f("fk_defects_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_defects")),
    )
    op.create_index(op.f("ix_defects_project"), "defects", ["project"], unique=False)
    op.create_index(op.f("ix_defects_release"), "defects", ["release"], unique=False)


def _deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("variables", sa.Text(), nullable=False),
        sa.Column("plan_hash", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=True),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("is_forced", sa.Boolean(), nullable=False),
        sa.Column("recreate_accessories", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("choice", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("switched", sa.Boolean(), nullable=False),
        sa.Column("reached", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("freeze_override", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("parent_key", sa.Text(), nullable=False),
        sa.Column("waits_for_thaw", sa.Boolean(), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("keep_failed_s", sa.Float(), nullable=False),
        sa.Column("keep_asked_by", sa.Text(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("marked_by", sa.Text(), nullable=False),
        sa.Column("marked_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["environment"], ["environments.id"], name=op.f("fk_deployments_environment")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_deployments_project")),
        sa.ForeignKeyConstraint(["release"], ["releases.id"], name=op.f("fk_deployments_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
        sa.UniqueConstraint("task", name=op.f("uq_deployments_task")),
    )
    op.create_index("ix_deployments_ended", "deployments", ["project", "ended_at"], unique=False)
    op.create_index(
        "ix_deployments_live", "deployments", ["project", "environment", "tenant", "committed_at"], unique=False
    )
    op.create_index("ix_deployments_outcome", "deployments", ["outcome", "id"], unique=False)
    op.create_index("ix_deployments_parent", "deployments", ["parent", "parent_key"], unique=True)
    op.create_index("ix_deployments_place", "deployments", ["project", "environment", "tenant", "id"], unique=False)
    op.create_index("ix_deployments_project", "deployments", ["project", "id"], unique=False)
    op.create_index(op.f("ix_deployments_release"), "deployments", ["release"], unique=False)
    op.create_index("ix_deployments_state", "deployments", ["state", "id"], unique=False)


def _trigger_evaluations() -> None:
    op.create_table(
        "trigger_evaluations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_fired", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=True),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=True),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("tenants", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["trigger"], ["triggers.id"], name=op.f("fk_trigger_evaluations_trigger")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trigger_evaluations")),
    )
    op.create_index("ix_trigger_evaluations_trigger", "trigger_evaluations", ["trigger", "id"], unique=False)


def _trigger_events() -> None:
    op.create_table(
        "trigger_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("packages", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("images", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("environments", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["trigger"], ["triggers.id"], name=op.f("fk_trigger_events_trigger")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trigger_events")),
        sa.UniqueConstraint("trigger", "key", name=op.f("uq_trigger_events_trigger_key")),
    )
    op.create_index("ix_trigger_events_taken_at", "trigger_events", ["taken_at", "id"], unique=False)


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("plan_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["deployment"], ["deployments.id"], name=op.f("fk_approvals_deployment")),
        sa.ForeignKeyConstraint(["environment"], ["environments.id"], name=op.f("fk_approvals_environment")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_approvals_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index(op.f("ix_approvals_deployment"), "approvals", ["deployment"], unique=False)
    op.create_index("ix_approvals_state", "approvals", ["state", "project", "environment"], unique=False)
