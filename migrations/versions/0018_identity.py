"""Second factors, sign-in through a provider, closed organisations, and what the pages of audit and jobs ask."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organizations", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("people", sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("people", sa.Column("openid_subject", sa.String(), nullable=True))
    op.create_unique_constraint(op.f("uq_people_openid_subject"), "people", ["openid_subject"])
    op.add_column("sessions", sa.Column("method", sa.String(), nullable=False, server_default="password"))
    op.alter_column("sessions", "method", server_default=None)
    op.add_column("sessions", sa.Column("second_factor_at", sa.DateTime(timezone=True), nullable=True))
    _create_second_factors()
    _create_openid_requests()
    _create_audit_and_job_tables()
    # A year's log has millions of events: each question of the page has its own way in, newest first.
    op.create_index("ix_audit_events_actor_name_at", "audit_events", ["actor_name", "at"])
    op.create_index("ix_audit_events_action_at", "audit_events", ["action", "at"])
    op.create_index(
        "ix_audit_events_refused_at", "audit_events", ["at"], postgresql_where=sa.text("outcome = 'refused'")
    )


def _create_second_factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_second_factors_person_id_people")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_recovery_codes_person_id_people")),
        sa.PrimaryKeyConstraint("code_sha256", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_person_id"), "recovery_codes", ["person_id"])
    op.create_table(
        "sign_in_steps",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sign_in_steps_person_id_people")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sign_in_steps")),
    )
    op.create_index(op.f("ix_sign_in_steps_created_at"), "sign_in_steps", ["created_at"])
    op.grant_to_application("SELECT, INSERT, UPDATE, DELETE", "second_factors", "recovery_codes", "sign_in_steps")


def _create_openid_requests() -> None:
    op.create_table(
        "openid_requests",
        sa.Column("state_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("next", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_sha256", name=op.f("pk_openid_requests")),
    )
    op.create_index(op.f("ix_openid_requests_created_at"), "openid_requests", ["created_at"])
    op.grant_to_application("SELECT, INSERT, DELETE", "openid_requests")


def _create_audit_and_job_tables() -> None:
    op.create_table(
        "audit_verifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("events", sa.BigInteger(), nullable=True),
        sa.Column("broken_position", sa.BigInteger(), nullable=True),
        sa.Column("broken_event", sa.String(), nullable=True),
        sa.Column("broken_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_verifications")),
    )
    op.create_table(
        "job_turns",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("every_seconds", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_turns")),
    )
    op.grant_to_application("SELECT, INSERT, UPDATE", "audit_verifications", "job_turns")


def downgrade() -> None:
    op.drop_index(
        "ix_audit_events_refused_at", table_name="audit_events", postgresql_where=sa.text("outcome = 'refused'")
    )
    op.drop_index("ix_audit_events_action_at", table_name="audit_events")
    op.drop_index("ix_audit_events_actor_name_at", table_name="audit_events")
    for table in ("job_turns", "audit_verifications", "openid_requests", "sign_in_steps", "recovery_codes"):
        op.drop_table(table)
    op.drop_table("second_factors")
    op.drop_column("sessions", "second_factor_at")
    op.drop_column("sessions", "method")
    op.drop_constraint(op.f("uq_people_openid_subject"), "people")
    op.drop_column("people", "openid_subject")
    op.drop_column("people", "last_sign_in_at")
    op.drop_column("organizations", "closed_at")
