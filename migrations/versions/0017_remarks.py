"""Comments and files at a cell, threads, flags."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = ("remarks", "attachments", "flags")


def upgrade() -> None:
    _create_remarks()
    _create_attachments()
    _create_flags()
    # What was said stays; a file may lose its content, a flag is cleared.
    op.grant_to_application("SELECT, INSERT", "remarks")
    op.grant_to_application("SELECT, INSERT, UPDATE", "attachments", "flags")
    for table in TABLES:
        op.protect_rows(table, "township")
    op.let_owner_back_up(*TABLES)


def _create_remarks() -> None:
    op.create_table(
        "remarks",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=True),
        sa.Column("element", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(division IS NULL) = (element IS NULL)", name=op.f("ck_remarks_whole_place")),
        sa.ForeignKeyConstraint(
            ["area", "collection_id"],
            ["collections.area", "collections.id"],
            name=op.f("fk_remarks_area_collection_id_collections"),
        ),
        sa.PrimaryKeyConstraint("area", "id", name=op.f("pk_remarks")),
    )
    op.create_index("ix_remarks_collection", "remarks", ["area", "collection_id"], unique=False)


def _create_attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=True),
        sa.Column("element", sa.String(), nullable=True),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("attached_by", sa.String(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(division IS NULL) = (element IS NULL)", name=op.f("ck_attachments_whole_place")),
        sa.ForeignKeyConstraint(
            ["area", "collection_id"],
            ["collections.area", "collections.id"],
            name=op.f("fk_attachments_area_collection_id_collections"),
        ),
        sa.PrimaryKeyConstraint("area", "id", name=op.f("pk_attachments")),
    )
    op.create_index("ix_attachments_collection", "attachments", ["area", "collection_id"], unique=False)
    # Scans are packed already: packing them again costs time and saves nothing.
    op.execute("ALTER TABLE attachments ALTER COLUMN content SET STORAGE EXTERNAL")


def _create_flags() -> None:
    op.create_table(
        "flags",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("element", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("flagged_by", sa.String(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_by", sa.String(), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["area", "collection_id"],
            ["collections.area", "collections.id"],
            name=op.f("fk_flags_area_collection_id_collections"),
        ),
        sa.PrimaryKeyConstraint("area", "id", name=op.f("pk_flags")),
    )
    op.create_index("ix_flags_collection", "flags", ["area", "collection_id"], unique=False)
    op.create_index(
        "uq_flags_open",
        "flags",
        ["area", "collection_id", "division", "element"],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )


def downgrade() -> None:
    for table in TABLES[::-1]:
        op.drop_table(table)
