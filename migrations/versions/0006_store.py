"""The values, kept once, behind row-level security."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "area_clocks",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("area", name=op.f("pk_area_clocks")),
    )
    op.create_table(
        "record_revisions",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("object_class", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("missing", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("versions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("changed", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("submission", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("kind IN ('value', 'correction', 'withdrawal')", name=op.f("ck_record_revisions_kind")),
        sa.PrimaryKeyConstraint(
            "area", "object_class", "period", "division", "entity", "revision", name=op.f("pk_record_revisions")
        ),
    )
    op.create_index("ix_record_revisions_submission", "record_revisions", ["area", "submission"], unique=False)
    op.create_index("uq_record_revisions_area_seq", "record_revisions", ["area", "seq"], unique=True)
    op.create_table(
        "records",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("object_class", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("payload", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("missing", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("versions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("submission", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("area", "object_class", "period", "division", "entity", name=op.f("pk_records")),
    )
    op.create_index("ix_records_read", "records", ["object_class", "period", "division"], unique=False)
    op.create_table(
        "store_generation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.Uuid(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_generation_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_generation")),
    )
    op.grant_to_application("SELECT, INSERT, UPDATE", "area_clocks", "records")
    op.grant_to_application("SELECT, INSERT", "record_revisions")
    op.grant_to_application("SELECT", "store_generation")
    op.execute("INSERT INTO store_generation (id, generation) VALUES (1, gen_random_uuid())")
    op.protect_rows("records", "division")
    op.protect_rows("record_revisions", "division")


def downgrade() -> None:
    op.drop_table("store_generation")
    op.drop_index("ix_records_read", table_name="records")
    op.drop_table("records")
    op.drop_index("uq_record_revisions_area_seq", table_name="record_revisions")
    op.drop_index("ix_record_revisions_submission", table_name="record_revisions")
    op.drop_table("record_revisions")
    op.drop_table("area_clocks")
