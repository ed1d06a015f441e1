"""Bulk imports, and the queue of the jobs that do them."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

QUEUE = Path(__file__).parents[1] / "procrastinate" / "3.10.sql"
DOORS = "door IN ('web', 'excel', 'api', 'import')"
DOORS_BEFORE = "door IN ('web', 'excel', 'api')"


def upgrade() -> None:
    _create_imports()
    _create_queue()
    op.drop_constraint(op.f("ck_submissions_door"), "submissions")
    op.create_check_constraint(op.f("ck_submissions_door"), "submissions", DOORS)


def _create_imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reach", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("form_version", sa.Integer(), nullable=True),
        sa.Column("period", sa.String(), nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("accept_partial", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_checked", sa.Integer(), nullable=False),
        sa.Column("rows_stored", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("finding_counts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("problems", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "import_areas",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("counts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("submissions", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_areas_import_id_imports")),
        sa.PrimaryKeyConstraint("import_id", "area", name=op.f("pk_import_areas")),
    )
    op.create_table(
        "import_findings",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reach", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("cell", sa.String(), nullable=True),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("element", sa.String(), nullable=True),
        sa.Column("elements", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("value", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_findings_import_id_imports")),
        sa.PrimaryKeyConstraint("import_id", "position", name=op.f("pk_import_findings")),
    )
    op.grant_to_application("SELECT, INSERT, UPDATE", "imports")
    op.grant_to_application("SELECT, INSERT", "import_areas")
    # A finding repeats the value it is about: it goes when the file is checked again, and with its file.
    op.grant_to_application("SELECT, INSERT, DELETE", "import_findings")
    op.protect_rows("import_findings", "reach")


def _create_queue() -> None:
    """The library's own tables and functions in a schema of their own, which its names never leave.

    Its functions name their tables without a schema, so each is told where to look: then a job can be
    deferred from a transaction that knows nothing of this schema.
    """
    connection = op.get_bind()
    op.execute("CREATE SCHEMA jobs")
    op.execute("SET LOCAL search_path = jobs")
    connection.exec_driver_sql(QUEUE.read_text(encoding="utf-8"), execution_options={"no_parameters": True})
    op.execute("SET LOCAL search_path = DEFAULT")
    op.execute(
        "DO $$ DECLARE one regprocedure; BEGIN"
        " FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace LOOP"
        " EXECUTE format('ALTER FUNCTION %s SET search_path = jobs, pg_temp', one);"
        " END LOOP; END $$"
    )
    op.grant_to_application("USAGE", "SCHEMA jobs")
    op.grant_to_application("SELECT, INSERT, UPDATE, DELETE", "ALL TABLES IN SCHEMA jobs")
    op.grant_to_application("USAGE", "ALL SEQUENCES IN SCHEMA jobs")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_submissions_door"), "submissions")
    op.create_check_constraint(op.f("ck_submissions_door"), "submissions", DOORS_BEFORE)
    op.execute("DROP SCHEMA jobs CASCADE")
    op.drop_table("import_findings")
    op.drop_table("import_areas")
    op.drop_table("imports")
