"""Access grants and the read log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("access_grant_serials")))
    op.create_table(
        "access_grants",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("steward", sa.String(), nullable=False),
        sa.Column("elements", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("element_versions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("divisions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("period_from", sa.String(), nullable=False),
        sa.Column("period_to", sa.String(), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("scenario", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('requested', 'active', 'refused', 'suspended', 'revoked')", name=op.f("ck_access_grants_state")
        ),
        sa.ForeignKeyConstraint(
            ["organization"], ["organizations.code"], name=op.f("fk_access_grants_organization_organizations")
        ),
        sa.ForeignKeyConstraint(
            ["steward"], ["organizations.code"], name=op.f("fk_access_grants_steward_organizations")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access_grants")),
        sa.UniqueConstraint("serial", name=op.f("uq_access_grants_serial")),
    )
    op.create_index(op.f("ix_access_grants_organization"), "access_grants", ["organization"], unique=False)
    op.create_index(op.f("ix_access_grants_steward"), "access_grants", ["steward"], unique=False)
    op.create_index("ix_access_grants_elements", "access_grants", ["elements"], unique=False, postgresql_using="gin")
    op.create_table(
        "data_reads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reader_kind", sa.String(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("grant", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("object_class", sa.String(), nullable=False),
        sa.Column("elements", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("divisions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("periods", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grant"], ["access_grants.number"], name=op.f("fk_data_reads_grant_access_grants")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_reads")),
    )
    op.create_index(op.f("ix_data_reads_at"), "data_reads", ["at"], unique=False)
    op.create_index("ix_data_reads_divisions", "data_reads", ["divisions"], unique=False, postgresql_using="gin")
    op.create_index("ix_data_reads_elements", "data_reads", ["elements"], unique=False, postgresql_using="gin")
    op.create_index(op.f("ix_data_reads_organization"), "data_reads", ["organization"], unique=False)
    op.create_index(op.f("ix_data_reads_grant"), "data_reads", ["grant"], unique=False)
    op.grant_to_application("SELECT, INSERT, UPDATE", "access_grants")
    op.grant_to_application("SELECT, INSERT", "data_reads")
    op.grant_to_application("USAGE", "SEQUENCE access_grant_serials")


def downgrade() -> None:
    op.drop_table("data_reads")
    op.drop_table("access_grants")
    op.execute(sa.schema.DropSequence(sa.Sequence("access_grant_serials")))
