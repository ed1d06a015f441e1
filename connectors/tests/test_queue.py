"""K03: a target that is down is tried again at growing gaps, then the delivery waits until a person replays it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from hub_connectors import queue
from hub_connectors.database import Database, Target
from hub_connectors.errors import DeliveryParked, HubUnreachable, ReceiptNotFiled, Stopped
from hub_connectors.tables import METADATA, deliveries

LONGMEN, TUDI = "433124102200", "433124102201"
COLUMN = "外出务工人数"


def states(department: Any) -> list[tuple[str, int, str]]:
    return [
        (entry.mode, len(entry.failed_attempts), entry.state) for entry in department.store.list_runs(department.name)
    ]


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Database]:
    """The department's own server, apart from the connector's database."""
    (tmp_path / "server").mkdir()
    with closing(Database(f"sqlite:///{tmp_path / 'server' / 'theirs.sqlite'}")) as database:
        yield database


@pytest.fixture
def apart(department: Any, theirs: Database) -> Any:
    department.target = Target(department.store.database, theirs)
    return department


def break_down(tmp_path: Path) -> None:
    (tmp_path / "server").rename(tmp_path / "down")


def mend(tmp_path: Path) -> None:
    (tmp_path / "down").rename(tmp_path / "server")


class TestTargetDown:
    def test_three_tries_then_parked_then_mended_and_replayed(
        self, apart: Any, theirs: Database, tmp_path: Path
    ) -> None:
        break_down(tmp_path)
        with pytest.raises(DeliveryParked, match="replay poverty-relief 1"):
            apart.run()
        assert apart.pauses == [2, 8]
        assert states(apart) == [("full", 3, "parked")]
        assert [(entry.id, entry.period, entry.attempts) for entry in apart.waiting(queue.PARKED)] == [
            (1, "2026-10", 3)
        ]
        assert not apart.folder.exists()
        assert apart.hub.receipts == {}

        with pytest.raises(DeliveryParked):
            apart.replay()
        assert states(apart)[1:] == [("replay", 1, "parked")]

        mend(tmp_path)
        apart.hub.requests.clear()
        finished = apart.replay()[0].outcome
        assert (finished.mode, finished.rows, finished.changed) == ("replay", 4, 4)
        assert set(apart.hub.paths()) == {"/oauth/token", "/api/v1/receipts"}
        assert apart.table(database=theirs)[TUDI][COLUMN] == 211
        assert apart.cell(TUDI, COLUMN) == 211
        assert states(apart)[2:] == [("replay", 0, "succeeded")]
        assert apart.waiting() == []
        assert len(apart.hub.receipts) == len(finished.files)

    def test_sending_it_again_changes_nothing(self, apart: Any, theirs: Database, tmp_path: Path) -> None:
        break_down(tmp_path)
        with pytest.raises(DeliveryParked):
            apart.run()
        mend(tmp_path)
        replayed = apart.replay()[0].outcome
        before = (apart.table(database=theirs), apart.everything(), dict(apart.hub.receipts))
        again = apart.run().outcome
        assert states(apart) == [("full", 3, "parked"), ("replay", 0, "succeeded"), ("full", 0, "succeeded")]
        assert (again.changed, again.sha256) == (0, replayed.sha256)
        after = (apart.table(database=theirs), apart.everything(), apart.hub.receipts)
        assert {**after[1], "position": None} == {**before[1], "position": None}
        assert (after[0], after[2]) == (before[0], before[2])

    def test_a_target_that_comes_back_between_two_tries_parks_nothing(
        self, apart: Any, theirs: Database, tmp_path: Path
    ) -> None:
        break_down(tmp_path)
        apart.pauses = MendingPauses(tmp_path)
        assert apart.run().outcome.changed == 4
        assert states(apart) == [("full", 1, "succeeded")]
        assert apart.waiting() == []

    def test_the_cursor_has_moved_and_nothing_is_lost(self, apart: Any, theirs: Database, tmp_path: Path) -> None:
        """What was pulled before the target went down is delivered by the next run, whatever that one pulls."""
        apart.run()
        apart.hub.change("2026-10", TUDI, village_migrant_workers=77)
        break_down(tmp_path)
        with pytest.raises(DeliveryParked):
            apart.run(changes=True)
        mend(tmp_path)
        outcome = apart.run(changes=True).outcome
        assert (outcome.mode, outcome.changed) == ("changes", 1)
        assert apart.table(database=theirs)[TUDI][COLUMN] == 77
        assert apart.waiting() == []

    def test_an_old_line_never_overwrites_newer_figures(self, apart: Any, theirs: Database, tmp_path: Path) -> None:
        break_down(tmp_path)
        with pytest.raises(DeliveryParked):
            apart.run()
        mend(tmp_path)
        apart.hub.change("2026-10", TUDI, village_migrant_workers=77)
        elsewhere, apart.folder = apart.folder, tmp_path / "elsewhere"
        apart.run()
        apart.folder = elsewhere
        assert apart.replay()[0].outcome.changed == 0
        assert apart.cell(TUDI, COLUMN) == 77
        assert apart.table(database=theirs)[TUDI][COLUMN] == 77

    def test_another_periods_table_waits_without_holding_up_this_one(
        self, apart: Any, theirs: Database, tmp_path: Path
    ) -> None:
        apart.run("2026-09")
        break_down(tmp_path)
        with pytest.raises(DeliveryParked):
            apart.run("2026-10")
        mend(tmp_path)
        apart.hub.change("2026-09", TUDI, village_migrant_workers=55)
        apart.run("2026")
        assert [entry.period for entry in apart.waiting(queue.PARKED)] == ["2026-10"]
        assert apart.table("2026-09", theirs)[TUDI][COLUMN] == 55


class MendingPauses(list[float]):
    def __init__(self, tmp_path: Path) -> None:
        super().__init__()
        self._tmp_path = tmp_path

    def append(self, seconds: float) -> None:
        super().append(seconds)
        mend(self._tmp_path)


class TestFolderDown:
    def test_a_folder_that_cannot_be_written_is_a_target_too(self, department: Any) -> None:
        department.folder.parent.joinpath("out").write_text("a file where the folder should be")
        with pytest.raises(DeliveryParked):
            department.run()
        assert department.table() == {}
        department.folder.unlink()
        assert department.replay()[0].outcome.changed == 4
        assert department.cell(TUDI, COLUMN) == 211

    def test_a_locked_database_is_waited_for(self, department: Any, tmp_path: Path) -> None:
        """Its own database at the same time: the log cannot be written either, and that must not end the run."""
        department.run()
        department.hub.change("2026-10", TUDI, village_migrant_workers=77)
        engine = department.store.database.engine

        def fail_twice(connection: sa.Connection, *_: Any) -> None:
            if department.pauses != [2, 8] and queue_is_written(connection):
                raise sa.exc.OperationalError("COMMIT", {}, sqlite3.OperationalError("database is locked"))

        sa.event.listen(engine, "commit", fail_twice)
        assert department.run(changes=True).outcome.changed == 1
        sa.event.remove(engine, "commit", fail_twice)
        assert department.pauses == [2, 8]


def queue_is_written(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(deliveries.c.id).where(deliveries.c.state == queue.WRITTEN)).first() is not None


class TestHubDown:
    def test_a_hub_that_is_down_parks_nothing(self, department: Any) -> None:
        """There is nothing to deliver yet; the next run pulls."""
        department.hub.fault = refuse_connection
        with pytest.raises(HubUnreachable):
            department.run()
        assert department.waiting() == []
        assert department.pauses == []
        assert states(department) == [("full", 0, "failed")]

    def test_a_receipt_that_was_not_filed_is_filed_by_a_run_of_another_period(self, department: Any) -> None:
        def no_receipts(request: Any) -> Any:
            return refuse_connection(request) if request.url.path.endswith("/receipts") else None

        department.hub.fault = no_receipts
        with pytest.raises(ReceiptNotFiled):
            department.run("2026-09")
        assert [entry.state for entry in department.waiting()] == [queue.WRITTEN]
        department.hub.fault = None
        department.run("2026-10")
        assert {receipt["period"] for receipt in department.hub.receipts.values()} == {"2026-09", "2026-10"}
        assert department.waiting() == []


def refuse_connection(request: Any) -> Any:
    raise httpx.ConnectError("refused", request=request)


class TestStop:
    def test_a_stop_between_two_tries_leaves_the_delivery_to_the_next_run(
        self, apart: Any, theirs: Database, tmp_path: Path
    ) -> None:
        break_down(tmp_path)
        apart.pauses = StoppingPauses()
        with pytest.raises(Stopped):
            apart.run()
        assert states(apart) == [("full", 1, "interrupted")]
        assert [entry.state for entry in apart.waiting()] == [queue.PENDING]
        mend(tmp_path)
        apart.pauses = []
        apart.run("2026-09")
        assert apart.table("2026-10", theirs)[TUDI][COLUMN] == 211
        assert apart.cell(TUDI, COLUMN, "2026-10") == 211
        assert apart.waiting() == []


class StoppingPauses(list[float]):
    def append(self, seconds: float) -> None:
        raise Stopped


class TestUpgrade:
    def test_tables_of_the_first_release_are_gone_on_with(self, department: Any, tmp_path: Path) -> None:
        """Columns that came later are added; a period held then was held with every element of its position."""
        department.run()
        with department.store.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE connector_periods DROP COLUMN elements")
            connection.exec_driver_sql("ALTER TABLE connector_runs DROP COLUMN failed_attempts")
            connection.exec_driver_sql("DROP TABLE connector_deliveries")
        department.store.database.ensure(METADATA.sorted_tables)
        position = department.store.position("poverty-relief")
        assert position.periods["2026-10"] == position.elements
        department.hub.change("2026-10", TUDI, village_migrant_workers=77)
        outcome = department.run(changes=True).outcome
        assert (outcome.mode, outcome.changed) == ("changes", 1)
        assert len(outcome.files) == 2
