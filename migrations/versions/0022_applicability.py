"""An element may say of which rows it is asked."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("data_element_versions", sa.Column("applies_when", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("data_element_versions", "applies_when")
