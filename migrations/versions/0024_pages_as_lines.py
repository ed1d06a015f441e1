"""Pages are written as text by the statement that reads them, and a county's rows are found side by side."""

import re
from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

READING = Path(__file__).parents[1] / "reading"
OPEN = ("granted_lines(jsonb, text)", "granted_change_lines(jsonb)")
INNER = (
    "csv_line(text, text[], text[], text, text, boolean)",
    "json_line(text, text, text, text)",
    "expected_versions(jsonb, text[])",
    "any_member(text, text[])",
    "narrowed_to(jsonb, text[])",
    "members(text, text[])",
    "joined(text[])",
    "is_even(jsonb)",
)
REPLACED = "granted_rows"


def _run(statements: str) -> None:
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})


def upgrade() -> None:
    _run((READING / "0024.sql").read_text(encoding="utf-8"))
    for function in (*OPEN, *INNER):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.grant_to_application("EXECUTE", *(f"FUNCTION {function}" for function in OPEN))


def downgrade() -> None:
    for function in (*OPEN, *INNER):
        op.execute(f"DROP FUNCTION {function}")
    before = (READING / "0016.sql").read_text(encoding="utf-8")
    found = re.search(rf"CREATE OR REPLACE FUNCTION {REPLACED}\(.*?^END \$\$;", before, re.DOTALL | re.MULTILINE)
    if found is None:
        raise LookupError(REPLACED)
    _run(found[0])
