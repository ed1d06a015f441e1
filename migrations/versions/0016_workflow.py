"""The township's sign-off, the county's review, returns at cells, exceptions to a lock.

Provisional values have a table of their own: what is not approved never stands among the records. The functions
that say which rows and cells are read learn of it; what they replace is taken from 0012 on the way down.
"""

import re
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

READING = Path(__file__).parents[1] / "reading"
REPLACED = ("granted_cells", "granted_rows", "granted_values")
COUNTED = "provisional_count(jsonb)"
PROTECTED = {"provisional_records": "division", "collection_steps": "township", "lock_exceptions": "township"}
STAGES = "stage IN ('awaiting_sign_off', 'in_review', 'returned')"


def _document(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False)


def _run(statements: str) -> None:
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})


def upgrade() -> None:
    op.add_column("collections", sa.Column("stage", sa.String(), nullable=True))
    op.add_column("collections", sa.Column("wants_sign_off", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("collections", sa.Column("wants_review", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("collections", sa.Column("excepted_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("collections", sa.Column("approved", sa.String(), nullable=True))
    op.create_check_constraint(op.f("ck_collections_stage"), "collections", STAGES)
    op.add_column("submissions", sa.Column("signed_by", sa.String(), nullable=True))
    op.add_column(
        "access_grants", sa.Column("includes_provisional", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    _create_workflow()
    _create_provisional()
    op.let_owner_back_up(*PROTECTED)
    for table, column in PROTECTED.items():
        op.protect_rows(table, column)
    op.execute(
        "CREATE POLICY owner_reads_for_scopes ON provisional_records FOR SELECT TO CURRENT_USER "
        "USING ((SELECT current_user <> session_user))"
    )
    _run((READING / "0016.sql").read_text(encoding="utf-8"))
    op.execute(f"REVOKE ALL ON FUNCTION {COUNTED} FROM PUBLIC")
    op.grant_to_application("EXECUTE", f"FUNCTION {COUNTED}")


def _create_workflow() -> None:
    op.create_table(
        "collection_steps",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("submission", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        _document("details"),
        sa.ForeignKeyConstraint(
            ["area", "collection_id"],
            ["collections.area", "collections.id"],
            name=op.f("fk_collection_steps_area_collection_id_collections"),
        ),
        sa.PrimaryKeyConstraint("area", "id", name=op.f("pk_collection_steps")),
    )
    op.create_index("ix_collection_steps_of_collection", "collection_steps", ["area", "collection_id", "id"])
    op.create_table(
        "lock_exceptions",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["area", "collection_id"],
            ["collections.area", "collections.id"],
            name=op.f("fk_lock_exceptions_area_collection_id_collections"),
        ),
        sa.PrimaryKeyConstraint("area", "id", name=op.f("pk_lock_exceptions")),
    )
    op.create_index("ix_lock_exceptions_of_collection", "lock_exceptions", ["area", "collection_id", "id"])
    op.create_table(
        "township_workflows",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("township", sa.String(), nullable=False),
        sa.Column("wants_sign_off", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("area", "township", name=op.f("pk_township_workflows")),
    )
    op.grant_to_application("SELECT, INSERT", "collection_steps")
    op.grant_to_application("SELECT, INSERT, UPDATE", "lock_exceptions", "township_workflows")


def _create_provisional() -> None:
    op.create_table(
        "provisional_records",
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("object_class", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        _document("payload"),
        _document("missing"),
        _document("versions"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("submission", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "area", "object_class", "period", "division", "entity", name=op.f("pk_provisional_records")
        ),
    )
    op.create_index("ix_provisional_records_read", "provisional_records", ["object_class", "period", "division"])
    op.create_index("ix_provisional_records_submission", "provisional_records", ["area", "submission"])
    # They come and go: what is approved moves to the records, what is returned is no value of anybody's.
    op.grant_to_application("SELECT, INSERT, UPDATE, DELETE", "provisional_records")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {COUNTED}")
    before = (READING / "0012.sql").read_text(encoding="utf-8")
    for function in REPLACED:
        found = re.search(rf"CREATE FUNCTION {function}\(.*?^(?:END )?\$\$;", before, re.DOTALL | re.MULTILINE)
        if found is None:
            raise LookupError(function)
        _run(found[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
    for table in ("provisional_records", "township_workflows", "lock_exceptions", "collection_steps"):
        op.drop_table(table)
    op.drop_column("access_grants", "includes_provisional")
    op.drop_column("submissions", "signed_by")
    op.drop_constraint(op.f("ck_collections_stage"), "collections", type_="check")
    for column in ("approved", "excepted_until", "wants_review", "wants_sign_off", "stage"):
        op.drop_column("collections", column)
