"""A hub that serves many counties finds a collection by its id alone."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_collections_id", "collections", ["id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_collections_id", table_name="collections")
