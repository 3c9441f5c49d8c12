"""The first tables, part 3: interruptions to seen_heads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _interruptions()
    _projects()
    _registry_logins()
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
    _group_members()
    _library_set_inclusions()
    _notification_targets()
    _runbooks()
    _runs()
    _seen_heads()


def _interruptions() -> None:
    op.create_table(
        "interruptions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("choices", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("teams", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("blocks", sa.Boolean(), nullable=False),
        sa.Column("author_may_answer", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.Text(), nullable=False),
        sa.Column("answered_by_email", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_override", sa.Boolean(), nullable=False),
        sa.Column("assigned_to", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name=op.f("fk_interruptions_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interruptions")),
        sa.UniqueConstraint("task", "key", name=op.f("uq_interruptions_task_key")),
    )
    op.create_index("ix_interruptions_state", "interruptions", ["state", "id"], unique=False)


def _projects() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lifecycle", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("source", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("forge", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("release_settings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("group", sa.Text(), nullable=True),
        sa.Column("is_as_code", sa.Boolean(), nullable=False),
        sa.Column("code_nouns", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tenancy", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("webhook", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["group"], ["groups.id"], name=op.f("fk_projects_group")),
        sa.ForeignKeyConstraint(["lifecycle"], ["lifecycles.id"], name=op.f("fk_projects_lifecycle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("name", name=op.f("uq_projects_name")),
        sa.UniqueConstraint("webhook", name=op.f("uq_projects_webhook")),
    )
    op.create_index(op.f("ix_projects_group"), "projects", ["group"], unique=False)


def _registry_logins() -> None:
    op.create_table(
        "registry_logins",
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["password"], ["secret_versions.id"], name=op.f("fk_registry_logins_password")),
        sa.PrimaryKeyConstraint("registry", name=op.f("pk_registry_logins")),
    )


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
        sa.Column("headers", sa.JSON(none_as_null=True), nullable=False),
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


def _group_members() -> None:
    op.create_table(
        "group_members",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["provider"], ["identity_providers.id"], name=op.f("fk_group_members_provider")),
        sa.ForeignKeyConstraint(["team"], ["teams.id"], name=op.f("fk_group_members_team")),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_group_members_user")),
        sa.PrimaryKeyConstraint("provider", "team", "user", name=op.f("pk_group_members")),
    )
    op.create_index(op.f("ix_group_members_team"), "group_members", ["team"], unique=False)
    op.create_index(op.f("ix_group_members_user"), "group_members", ["user"], unique=False)


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
