"""deploy/postgres/make-database: the roles and the database of an operator's own PostgreSQL."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hub.kit.postgres import ADMIN, PostgresServer

SCRIPT = Path(__file__).parents[2] / "deploy" / "postgres" / "make-database"
NAMES = {"HUB_DATABASE": "made_by_hand", "HUB_OWNER": "hand_owner", "HUB_APP": "hand_app"}


@pytest.fixture
def admin(postgres: PostgresServer) -> Iterator[psycopg.Connection]:
    with psycopg.connect(
        postgres.url(role=ADMIN, database="postgres").replace("+psycopg", ""), autocommit=True
    ) as made:
        yield made
        made.execute("DROP DATABASE IF EXISTS made_by_hand")
        made.execute("DROP ROLE IF EXISTS hand_owner")
        made.execute("DROP ROLE IF EXISTS hand_app")


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
def test_makes_two_roles_and_a_database_and_may_run_again(admin: psycopg.Connection, tmp_path: Path) -> None:
    owner, app = tmp_path / "owner", tmp_path / "app"
    owner.write_text('it\'s "a" $ecret', encoding="utf-8")
    app.write_text("another\\one", encoding="utf-8")
    environment = os.environ | NAMES | {"PGHOST": admin.info.host, "PGPORT": str(admin.info.port), "PGUSER": ADMIN}
    for _ in range(2):
        done = subprocess.run(
            [str(SCRIPT), str(owner), str(app)], env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "ecret" not in done.stdout
    roles = admin.execute(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole, rolcanlogin, rolpassword IS NOT NULL"
        "  FROM pg_authid WHERE rolname IN ('hand_owner', 'hand_app') ORDER BY rolname DESC"
    ).fetchall()
    assert roles == [("hand_owner", False, True, True), ("hand_app", False, True, True)]
    database = admin.execute(
        "SELECT pg_get_userbyid(datdba), datcollate, pg_encoding_to_char(encoding),"
        "       has_database_privilege('hand_app', oid, 'CONNECT'),"
        "       has_database_privilege('hand_app', oid, 'TEMPORARY'),"
        "       has_database_privilege('hand_app', oid, 'CREATE'), has_database_privilege('public', oid, 'CONNECT')"
        "  FROM pg_database WHERE datname = 'made_by_hand'"
    ).fetchone()
    assert database == ("hand_owner", "C", "UTF8", True, True, False, False)
