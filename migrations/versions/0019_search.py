"""Search by pinyin and synonyms: what each element version is found by, made by the hub, indexed here.

The table begins empty. SQL knows no pinyin, and a migration must not depend on a program that moves on, so the
hub fills it: with every version it registers, and for whatever is missing when a process starts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "element_search_entries",
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("scheme", sa.Integer(), nullable=False),
        sa.Column("names", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("name_readings", sa.String(), nullable=False),
        sa.Column("alias_readings", sa.String(), nullable=False),
        sa.Column("grams", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["identifier", "version"],
            ["data_element_versions.identifier", "data_element_versions.version"],
            name=op.f("fk_element_search_entries_identifier_data_element_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("identifier", "version", name=op.f("pk_element_search_entries")),
    )
    op.create_index("ix_element_search_entries_grams", "element_search_entries", ["grams"], postgresql_using="gin")
    op.create_index("ix_data_element_versions_concept", "data_element_versions", ["object_class", "property_name"])
    op.grant_to_application("SELECT, INSERT, UPDATE, DELETE", "element_search_entries")


def downgrade() -> None:
    op.drop_index("ix_data_element_versions_concept", table_name="data_element_versions")
    op.drop_table("element_search_entries")
