"""Reminders before a deadline and what comes after it.

Which townships were reminded of what is no value of anybody's: like the tasks themselves it needs no row security.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("kind IN ('before_due', 'overdue', 'asked')", name=op.f("ck_reminders_kind")),
        sa.ForeignKeyConstraint(
            ["area", "collection_id"],
            ["collections.area", "collections.id"],
            name=op.f("fk_reminders_area_collection_id_collections"),
        ),
        sa.PrimaryKeyConstraint("area", "id", name=op.f("pk_reminders")),
    )
    # The hub reminds once and escalates once; a person asks at most once a day.
    op.create_index(
        "uq_reminders_once",
        "reminders",
        ["area", "collection_id", "kind"],
        unique=True,
        postgresql_where=sa.text("kind <> 'asked'"),
    )
    op.create_index(
        "uq_reminders_asked",
        "reminders",
        ["area", "collection_id", "sent_on"],
        unique=True,
        postgresql_where=sa.text("kind = 'asked'"),
    )
    op.grant_to_application("SELECT, INSERT", "reminders")


def downgrade() -> None:
    op.drop_table("reminders")
