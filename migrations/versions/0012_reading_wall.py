"""Reading goes through functions of the owner's, which know elements and periods as well as divisions."""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "reading" / "0012.sql"
READ = ("records", "record_revisions")
# What the serving role may call; the others only write the statements of these.
OPEN = (
    "granted_values(jsonb)",
    "granted_count(jsonb)",
    "granted_changes(jsonb)",
    "granted_history(jsonb)",
    "clocks_at(text[], timestamptz)",
    "csv_cell(jsonb, boolean)",
    "csv_document(jsonb)",
    "csv_text(text, boolean)",
)
INNER = (
    "granted_rows(jsonb, text, jsonb)",
    "areas_of(jsonb)",
    "changed_only(text, jsonb, text[])",
    "key_condition(jsonb)",
    "any_row(jsonb)",
    "withheld(jsonb, text)",
    "narrowed(text, jsonb)",
    "picked(text, text[])",
    "granted_cells(jsonb, text)",
    "both_hold(text, text)",
    "box_condition(jsonb, text, text[])",
    "last_day_of(text)",
    "first_day_of(text)",
)


def upgrade() -> None:
    op.get_bind().exec_driver_sql(FUNCTIONS.read_text(encoding="utf-8"), execution_options={"no_parameters": True})
    for function in (*OPEN, *INNER):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.grant_to_application("EXECUTE", *(f"FUNCTION {function}" for function in OPEN))
    for table in READ:
        # FORCE binds the owner too: it sees rows only while such a function runs for somebody else.
        op.execute(
            f"CREATE POLICY owner_reads_for_scopes ON {table} FOR SELECT TO CURRENT_USER "
            "USING ((SELECT current_user <> session_user))"
        )


def downgrade() -> None:
    for table in READ:
        op.execute(f"DROP POLICY owner_reads_for_scopes ON {table}")
    for function in (*OPEN, *INNER):
        op.execute(f"DROP FUNCTION {function}")
