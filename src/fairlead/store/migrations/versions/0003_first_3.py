"""The first tables, part 3: sessions to webhook_deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _sessions()
    _step_template_versions()
    _subscriptions()
    _task_facts()
    _task_phases()
    _task_plans()
    _team_members()
    _turns()
    _allowances()
    _channels()
    _contacts()
    _library_set_inclusions()
    _notification_targets()
    _runbooks()
    _runs()
    _seen_heads()
    _subscription_progress()
    _variable_snapshots()
    _variables()
    _webhook_deliveries()


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_sessions_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("hash", name=op.f("uq_sessions_hash")),
    )
    op.create_index(op.f("ix_sessions_user"), "sessions", ["user"], unique=False)


def _step_template_versions() -> None:
    op.create_table(
        "step_template_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["template"], ["step_templates.id"], name=op.f("fk_step_template_versions_template")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_template_versions")),
        sa.UniqueConstraint("template", "number", name=op.f("uq_step_template_versions_template_number")),
    )


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("addresses", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("events", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("projects", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("environments", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tenants", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("people", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["secret"], ["secret_versions.id"], name=op.f("fk_subscriptions_secret")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("name", name=op.f("uq_subscriptions_name")),
    )


def _task_facts() -> None:
    op.create_table(
        "task_facts",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name=op.f("fk_task_facts_task")),
        sa.PrimaryKeyConstraint("task", "name", name=op.f("pk_task_facts")),
    )


def _task_phases() -> None:
    op.create_table(
        "task_phases",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name=op.f("fk_task_phases_task")),
        sa.PrimaryKeyConstraint("task", "name", name=op.f("pk_task_phases")),
    )


def _task_plans() -> None:
    op.create_table(
        "task_plans",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name=op.f("fk_task_plans_task")),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_task_plans")),
    )


def _team_members() -> None:
    op.create_table(
        "team_members",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["team"], ["teams.id"], name=op.f("fk_team_members_team")),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_team_members_user")),
        sa.PrimaryKeyConstraint("team", "user", name=op.f("pk_team_members")),
    )
    op.create_index(op.f("ix_team_members_user"), "team_members", ["user"], unique=False)


def _turns() -> None:
    op.create_table(
        "turns",
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name=op.f("fk_turns_task")),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_turns")),
    )
    op.create_index(op.f("ix_turns_task"), "turns", ["task"], unique=False)


def _allowances() -> None:
    op.create_table(
        "allowances",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("harm", sa.Text(), nullable=False),
        sa.Column("allowed_by", sa.Text(), nullable=False),
        sa.Column("allowed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["environment"], ["environments.id"], name=op.f("fk_allowances_environment")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_allowances_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allowances")),
    )
    op.create_index(op.f("ix_allowances_project"), "allowances", ["project"], unique=False)


def _channels() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lifecycle", sa.Text(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("rules", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tenant_tags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lifecycle"], ["lifecycles.id"], name=op.f("fk_channels_lifecycle")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_channels_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("project", "name", name=op.f("uq_channels_project_name")),
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_ok", sa.Boolean(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_contacts_project")),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_contacts")),
    )


def _library_set_inclusions() -> None:
    op.create_table(
        "library_set_inclusions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("library_set", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["library_set"], ["library_sets.id"], name=op.f("fk_library_set_inclusions_library_set")
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_library_set_inclusions_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_set_inclusions")),
        sa.UniqueConstraint("project", "library_set", name=op.f("uq_library_set_inclusions_project_library_set")),
    )
    op.create_index(
        op.f("ix_library_set_inclusions_library_set"), "library_set_inclusions", ["library_set"], unique=False
    )


def _notification_targets() -> None:
    op.create_table(
        "notification_targets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("events", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_notification_targets_project")),
        sa.ForeignKeyConstraint(["secret"], ["secret_versions.id"], name=op.f("fk_notification_targets_secret")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_targets")),
    )
    op.create_index(op.f("ix_notification_targets_project"), "notification_targets", ["project"], unique=False)


def _runbooks() -> None:
    op.create_table(
        "runbooks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("environments", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("kept_runs", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("in_lifecycle", sa.Boolean(), nullable=False),
        sa.Column("tenancy", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_runbooks_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runbooks")),
        sa.UniqueConstraint("project", "name", name=op.f("uq_runbooks_project_name")),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("commit", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("previous_commit", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("release", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_runs_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("project", "number", name=op.f("uq_runs_project_number")),
        sa.UniqueConstraint("task", name=op.f("uq_runs_task")),
    )
    op.create_index("ix_runs_state", "runs", ["state", "project", "id"], unique=False)


def _seen_heads() -> None:
    op.create_table(
        "seen_heads",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("commit", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_seen_heads_project")),
        sa.PrimaryKeyConstraint("project", "branch", "commit", name=op.f("pk_seen_heads")),
    )


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
