"""Documents are compressed with LZ4 where the server can: filing a county took a third less time than with pglz.

Rows written before keep what they have; every server reads both.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

DOCUMENTS = {
    "records": ("payload", "missing", "versions"),
    "record_revisions": ("payload", "missing", "versions", "changed"),
    "submissions": ("content", "warnings"),
    "drafts": ("rows",),
}


def upgrade() -> None:
    """PostgreSQL may be built without LZ4, and then refuses the word."""
    for table, columns in DOCUMENTS.items():
        changes = ", ".join(f"ALTER COLUMN {column} SET COMPRESSION lz4" for column in columns)
        op.execute(
            "DO $$ BEGIN"
            " IF 'lz4' = ANY ((SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression')::text[])"
            f" THEN EXECUTE 'ALTER TABLE {table} {changes}'; END IF; END $$"
        )


def downgrade() -> None:
    for table, columns in DOCUMENTS.items():
        changes = ", ".join(f"ALTER COLUMN {column} SET COMPRESSION default" for column in columns)
        op.execute(f"ALTER TABLE {table} {changes}")
