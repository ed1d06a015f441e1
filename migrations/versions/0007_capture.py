"""Collections, drafts and submissions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "collections",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("object_class", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submission", sa.String(), nullable=True),
        sa.Column("first_submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["form", "form_version"],
            ["form_versions.code", "form_versions.version"],
            name=op.f("fk_collections_form_form_version_form_versions"),
        ),
        sa.ForeignKeyConstraint(["township"], ["divisions.code"], name=op.f("fk_collections_township_divisions")),
        sa.PrimaryKeyConstraint("area", "id", name=op.f("pk_collections")),
        sa.UniqueConstraint(
            "area", "form", "period", "township", name=op.f("uq_collections_area_form_period_township")
        ),
    )
    op.create_index("ix_collections_township", "collections", ["township", "period"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("rows", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["area", "collection_id"],
            ["collections.area", "collections.id"],
            name=op.f("fk_drafts_area_collection_id_collections"),
        ),
        sa.PrimaryKeyConstraint("area", "collection_id", name=op.f("pk_drafts")),
    )
    op.create_table(
        "submissions",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.String(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("supersedes", sa.String(), nullable=True),
        sa.Column("checksum", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("warnings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("changed_rows", sa.Integer(), nullable=False),
        sa.CheckConstraint("door IN ('web', 'excel', 'api')", name=op.f("ck_submissions_door")),
        sa.ForeignKeyConstraint(
            ["area", "collection_id"],
            ["collections.area", "collections.id"],
            name=op.f("fk_submissions_area_collection_id_collections"),
        ),
        sa.PrimaryKeyConstraint("area", "number", name=op.f("pk_submissions")),
    )
    op.create_index(op.f("ix_submissions_collection_id"), "submissions", ["collection_id"], unique=False)
    op.grant_to_application("SELECT, INSERT, UPDATE", "collections", "drafts")
    # A draft ends when it is submitted; everything else here stays.
    op.grant_to_application("DELETE", "drafts")
    op.grant_to_application("SELECT, INSERT", "submissions")
    op.protect_rows("drafts", "township")
    op.protect_rows("submissions", "township")


def downgrade() -> None:
    op.drop_index(op.f("ix_submissions_collection_id"), table_name="submissions")
    op.drop_table("submissions")
    op.drop_table("drafts")
    op.drop_index("ix_collections_township", table_name="collections")
    op.drop_table("collections")
