"""Change cursors and delivery receipts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change_cursors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("generation", sa.Uuid(), nullable=False),
        sa.Column("grants_fingerprint", sa.String(), nullable=False),
        sa.Column("clocks", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization"], ["organizations.code"], name=op.f("fk_change_cursors_organization_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_cursors")),
    )
    op.create_index(op.f("ix_change_cursors_created_at"), "change_cursors", ["created_at"], unique=False)
    op.create_index(op.f("ix_change_cursors_organization"), "change_cursors", ["organization"], unique=False)
    op.create_table(
        "delivery_receipts",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("grant", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["grant"], ["access_grants.number"], name=op.f("fk_delivery_receipts_grant_access_grants")
        ),
        sa.ForeignKeyConstraint(
            ["organization"], ["organizations.code"], name=op.f("fk_delivery_receipts_organization_organizations")
        ),
        sa.PrimaryKeyConstraint("area", "id", name=op.f("pk_delivery_receipts")),
    )
    op.create_index("ix_delivery_receipts_organization", "delivery_receipts", ["organization", "period"], unique=False)
    op.create_index("ix_delivery_receipts_grant", "delivery_receipts", ["grant"], unique=False)
    op.grant_to_application("SELECT, INSERT, DELETE", "change_cursors")
    op.grant_to_application("SELECT, INSERT", "delivery_receipts")


def downgrade() -> None:
    op.drop_index("ix_delivery_receipts_grant", table_name="delivery_receipts")
    op.drop_index("ix_delivery_receipts_organization", table_name="delivery_receipts")
    op.drop_table("delivery_receipts")
    op.drop_index(op.f("ix_change_cursors_organization"), table_name="change_cursors")
    op.drop_index(op.f("ix_change_cursors_created_at"), table_name="change_cursors")
    op.drop_table("change_cursors")
