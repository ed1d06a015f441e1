"""The owner may back up every row: behind FORCE ROW LEVEL SECURITY it would dump empty tables.

The policy binds to the owner's role, wherever the hub runs, and opens only in a transaction that says
it is a backup. The serving role's walls stay what they are.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PROTECTED = ("records", "record_revisions", "drafts", "submissions", "import_findings")


def upgrade() -> None:
    op.let_owner_back_up(*PROTECTED)


def downgrade() -> None:
    for table in PROTECTED:
        op.execute(f"DROP POLICY owner_backs_up ON {table}")
