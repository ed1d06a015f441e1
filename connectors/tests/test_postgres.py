"""The department's database as a server of its own: what SQLite forgives, PostgreSQL does not."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hub_connectors import queue
from hub_connectors.database import Database, Target
from hub_connectors.errors import DeliveryParked
from hub_connectors.store import Store

from hub.kit.postgres import ADMIN, PostgresServer

LONGMEN, TUDI = "433124102200", "433124102201"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="department-"))
    folder.chmod(0o711)  # PostgreSQL's own account must be able to pass
    with PostgresServer.start(folder, settings={"fsync": "off"}) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def address(server: PostgresServer, request: pytest.FixtureRequest) -> str:
    name = f"department_{crc32(request.node.name.encode())}"
    server.create_database(name)
    return server.url(ADMIN, name)


@pytest.mark.parametrize("name", ["human-resources", "poverty-relief", "civil-affairs"])
def test_everything_in_one_database(department: Any, address: str, name: str) -> None:
    with closing(Store(address)) as department.store:
        department.name = name
        assert department.run().outcome.changed == 4
        assert department.run().outcome.changed == 0
        department.hub.change("2026-10", TUDI, village_migrant_workers=207)
        assert department.run(changes=True).outcome.changed == 1
        row = department.table()[TUDI]
        assert 207 in row.values()
        if name == "human-resources":
            assert row["务工人均月收入"] == Decimal("0.465010")
        with closing(Store(address)) as again:  # the tables stand already
            assert [entry.state for entry in again.list_runs(name)] == ["succeeded"] * 3


def test_a_server_that_was_killed_is_a_target_that_is_down(
    department: Any, server: PostgresServer, address: str
) -> None:
    with closing(Database(address)) as theirs:
        department.target = Target(department.store.database, theirs)
        department.run()
        department.hub.change("2026-10", TUDI, village_migrant_workers=207)
        os.kill(server.pid or 0, signal.SIGKILL)
        with pytest.raises(DeliveryParked):
            department.run(changes=True)
        assert department.pauses == [2, 8]
        assert [entry.attempts for entry in department.waiting(queue.PARKED)] == [3]
        assert server.revive()
        assert department.replay()[0].outcome.changed == 1
        assert department.table(database=theirs)[TUDI]["外出务工人数"] == 207
        assert department.waiting() == []
