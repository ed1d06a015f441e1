"""One village of a task, delegated by a link."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delegations",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("submission", sa.String(), nullable=True),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filled", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("contested", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["area", "collection_id"],
            ["collections.area", "collections.id"],
            name=op.f("fk_delegations_area_collection_id_collections"),
        ),
        sa.PrimaryKeyConstraint("area", "id", name=op.f("pk_delegations")),
    )
    op.create_index("uq_delegations_token", "delegations", ["area", "token_sha256"], unique=True)
    op.create_index("ix_delegations_collection", "delegations", ["area", "collection_id"])
    op.create_index(
        "uq_delegations_live",
        "delegations",
        ["area", "collection_id", "division"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    # A link is revoked, never forgotten: who was let in stays known.
    op.grant_to_application("SELECT, INSERT, UPDATE", "delegations")
    op.protect_rows("delegations", "township")
    op.let_owner_back_up("delegations")


def downgrade() -> None:
    op.drop_table("delegations")
