"""Divisions with their codes, and the years' working days."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "divisions",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("parent_code", sa.String(), nullable=True),
        sa.Column("lineage", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("code_system", sa.String(), nullable=False),
        sa.Column("code_year", sa.Integer(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("successor_code", sa.String(), nullable=True),
        sa.CheckConstraint(
            "level IN ('province', 'prefecture', 'county', 'township', 'village')", name=op.f("ck_divisions_level")
        ),
        sa.CheckConstraint("closed_on IS NULL OR closed_on > opened_on", name=op.f("ck_divisions_closed_after_opened")),
        sa.ForeignKeyConstraint(["parent_code"], ["divisions.code"], name=op.f("fk_divisions_parent_code_divisions")),
        sa.ForeignKeyConstraint(
            ["successor_code"], ["divisions.code"], name=op.f("fk_divisions_successor_code_divisions")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_divisions")),
    )
    op.create_index("ix_divisions_lineage", "divisions", ["lineage"], unique=False, postgresql_using="gin")
    op.create_index("ix_divisions_name", "divisions", ["name"], unique=False)
    op.create_index(op.f("ix_divisions_parent_code"), "divisions", ["parent_code"], unique=False)
    op.create_table(
        "division_codes",
        sa.Column("code_system", sa.String(), nullable=False),
        sa.Column("code_year", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["division_code"], ["divisions.code"], name=op.f("fk_division_codes_division_code_divisions")
        ),
        sa.PrimaryKeyConstraint("code_system", "code_year", "code", name=op.f("pk_division_codes")),
    )
    op.create_index(op.f("ix_division_codes_division_code"), "division_codes", ["division_code"], unique=False)
    op.create_table(
        "special_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("is_working", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["year"], ["calendar_years.year"], name=op.f("fk_special_days_year_calendar_years"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_special_days")),
    )
    op.create_index(op.f("ix_special_days_year"), "special_days", ["year"], unique=False)
    op.grant_to_application("SELECT, INSERT, UPDATE", "divisions", "division_codes")
    op.grant_to_application("SELECT, INSERT, UPDATE, DELETE", "calendar_years", "special_days")


def downgrade() -> None:
    op.drop_index(op.f("ix_special_days_year"), table_name="special_days")
    op.drop_table("special_days")
    op.drop_index(op.f("ix_division_codes_division_code"), table_name="division_codes")
    op.drop_table("division_codes")
    op.drop_index(op.f("ix_divisions_parent_code"), table_name="divisions")
    op.drop_index("ix_divisions_name", table_name="divisions")
    op.drop_index("ix_divisions_lineage", table_name="divisions", postgresql_using="gin")
    op.drop_table("divisions")
    op.drop_table("calendar_years")
