from pathlib import Path

import psycopg
import pytest

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import SYSTEM, Sealer
from hub.kit.db import Database

pytestmark = pytest.mark.full_transaction


@pytest.fixture
async def sealed(database: Database, tmp_path: Path) -> Sealer:
    """Thirty events, sealed in three turns."""
    sealer = Sealer(tmp_path)
    for turn in range(3):
        async with database.transaction() as session:
            for index in range(10):
                await audit.record(
                    session, SYSTEM, AuditAction.FORM_PUBLISH, "form", f"form-{turn}-{index}", details=DETAILS
                )
        assert await sealer.seal(database) == 10
    return sealer


# PostgreSQL gives keys back by length, then by letter: the hash may not depend on their order.
DETAILS = {"zeta": 1, "alpha": {"longest": [1, 2], "b": "x"}, "mu": None}

SWAP = """
    UPDATE audit_events SET position = -1 WHERE position = 4;
    UPDATE audit_events SET position = 4 WHERE position = 6;
    UPDATE audit_events SET position = 6 WHERE position = -1
"""


async def verdict(sealer: Sealer, database: Database) -> audit.Verdict:
    async with database.transaction() as session:
        return await sealer.verify(session)


def tamper(owner_url: str, statement: str) -> None:
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)


class TestVerify:
    async def test_holds_when_untouched(self, database: Database, sealed: Sealer) -> None:
        assert await verdict(sealed, database) == audit.Verdict(30, None)

    @pytest.mark.parametrize(
        ("statement", "position"),
        [
            ("UPDATE audit_events SET object_id = 'other' WHERE position = 17", 17),
            ("UPDATE audit_events SET details = '{\"rows\": 1}' WHERE position = 1", 1),
            ("DELETE FROM audit_events WHERE position = 5", 5),
            (SWAP, 4),
            ("UPDATE audit_events SET chain_sha256 = sha256('x') WHERE position = 12", 12),
            ("DELETE FROM audit_events WHERE position > 20", 30),
            ("DELETE FROM audit_events WHERE position > 20; DELETE FROM audit_heads WHERE position > 20", 30),
            ("UPDATE audit_heads SET signature = '\\x00' WHERE position = 20", 20),
        ],
    )
    async def test_names_what_was_changed(
        self, database: Database, sealed: Sealer, owner_url: str, statement: str, position: int
    ) -> None:
        tamper(owner_url, statement)
        broken = (await verdict(sealed, database)).broken
        assert broken is not None
        assert broken.position == position

    async def test_the_hub_itself_cannot_change_an_event(self, database: Database, sealed: Sealer) -> None:
        url = str(database.engine.url.render_as_string(hide_password=False)).replace("+psycopg", "")
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE audit_events SET object_id = 'other'")
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM audit_events")
