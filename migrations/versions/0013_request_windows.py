"""How many calls of a program's minute and day have been handed to serving processes."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "request_windows",
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("caller", "policy", "starts_at", name=op.f("pk_request_windows")),
    )
    op.grant_to_application("SELECT, INSERT, UPDATE, DELETE", "request_windows")


def downgrade() -> None:
    op.drop_table("request_windows")
