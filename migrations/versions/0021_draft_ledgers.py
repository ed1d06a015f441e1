"""Drafts that are saved cell by cell: who typed which cell, which batches came, which reasons were given."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A draft that is submitted goes, and what is told of its cells with it: the revisions keep who recorded what."""
    op.create_table(
        "draft_ledgers",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["area", "collection_id"],
            ["drafts.area", "drafts.collection_id"],
            name=op.f("fk_draft_ledgers_area_collection_id_drafts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("area", "collection_id", name=op.f("pk_draft_ledgers")),
    )
    op.grant_to_application("SELECT, INSERT, UPDATE, DELETE", "draft_ledgers")
    op.protect_rows("draft_ledgers", "township")
    op.let_owner_back_up("draft_ledgers")


def downgrade() -> None:
    op.drop_table("draft_ledgers")
