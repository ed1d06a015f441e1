from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hub_connectors.database import synchronise
from hub_connectors.delivery import delivery
from hub_connectors.errors import AnotherRunFinished, DeliveryParked
from hub_connectors.store import Position, Store, move_position

TUDI = "433124102201"


class TestDelivery:
    def test_replaces_whole_and_leaves_nothing_aside(self, tmp_path: Path) -> None:
        target = tmp_path / "new" / "form.xlsx"
        for content in (b"one", b"two"):
            with delivery(target) as pending:
                pending.publish(content)
            assert [path.read_bytes() for path in target.parent.iterdir()] == [content]

    @pytest.mark.parametrize("previous", [None, b"before"])
    def test_a_failure_after_publishing_brings_the_previous_file_back(
        self, tmp_path: Path, previous: bytes | None
    ) -> None:
        target = tmp_path / "form.xlsx"
        if previous:
            target.write_bytes(previous)

        def publish_and_fail() -> None:
            with delivery(target) as pending:
                pending.publish(b"after")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            publish_and_fail()
        assert [path.read_bytes() for path in tmp_path.iterdir()] == ([previous] if previous else [])

    def test_the_same_content_is_not_written_again(self, tmp_path: Path) -> None:
        target = tmp_path / "form.xlsx"
        target.write_bytes(b"same")
        stamp = target.stat().st_mtime_ns
        with delivery(target) as pending:
            pending.publish(b"same")
        assert target.stat().st_mtime_ns == stamp

    def test_what_a_killed_run_left_aside_is_in_nobodys_way(self, tmp_path: Path) -> None:
        target = tmp_path / "form.xlsx"
        (tmp_path / ".form.xlsx.new").write_bytes(b"half")
        (tmp_path / ".form.xlsx.previous").write_bytes(b"old")
        with delivery(target) as pending:
            pending.publish(b"after")
        assert [path.name for path in tmp_path.iterdir()] == ["form.xlsx"]


class TestTransaction:
    def test_a_failing_commit_takes_the_file_back_with_it(self, department: Any) -> None:
        department.run()
        before = department.everything()
        department.hub.change("2026-10", TUDI, village_migrant_workers=5)

        def refuse(connection: sa.Connection) -> None:
            del connection
            if (department.folder / ".行政村防返贫监测与务工月报表_2026-10.xlsx.previous").exists():
                raise sa.exc.OperationalError("COMMIT", {}, Exception("disk full"))

        engine = department.store.database.engine
        sa.event.listen(engine, "commit", refuse)
        with pytest.raises(DeliveryParked, match="disk full"):
            department.run(changes=True)
        sa.event.remove(engine, "commit", refuse)
        after = department.everything()
        assert {**after, "position": None} == {**before, "position": None}
        assert department.run(changes=True).outcome.changed == 1

    def test_a_file_that_cannot_be_written_leaves_the_table_as_it_was(self, department: Any) -> None:
        department.run()
        before = department.table()
        department.hub.change("2026-10", TUDI, village_migrant_workers=5)
        aside = department.folder / ".行政村防返贫监测与务工月报表_2026-10.xlsx.new"
        aside.mkdir()
        with pytest.raises(DeliveryParked, match="new"):
            department.run(changes=True)
        aside.rmdir()
        assert department.table() == before
        assert department.run(changes=True).outcome.changed == 1

    def test_of_two_simultaneous_runs_one_writes(self, store: Store) -> None:
        first = Position(1, "c1", ("G",), ("a",), {"2026-10": ("a",)})
        with store.transaction() as connection:
            move_position(connection, "civil-affairs", None, first)
        seen = store.position("civil-affairs")
        assert seen == first
        with store.transaction() as connection:
            move_position(connection, "civil-affairs", seen, Position(2, "c2", ("G",), ("a",), {}))
        with pytest.raises(AnotherRunFinished), store.transaction() as connection:
            move_position(connection, "civil-affairs", seen, Position(2, "c3", ("G",), ("a",), {}))
        with pytest.raises(AnotherRunFinished), store.transaction() as connection:
            move_position(connection, "civil-affairs", None, first)
        position = store.position("civil-affairs")
        assert position is not None
        assert (position.cursor, position.periods) == ("c2", {})


class TestSynchronise:
    TABLE = sa.Table(
        "example",
        sa.MetaData(),
        sa.Column("scope", sa.String(5), primary_key=True),
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("value", sa.Integer),
    )

    def test_counts_what_was_inserted_or_differed_and_keeps_to_its_scope(self, store: Store) -> None:
        with store.transaction() as connection:
            self.TABLE.create(connection)
            for scope in ("a", "b"):
                rows = [{"scope": scope, "key": key, "value": key} for key in range(4)]
                assert synchronise(connection, self.TABLE, {"scope": scope}, rows) == 4
            wanted = [{"scope": "a", "key": key, "value": value} for key, value in ((0, 0), (1, None), (9, 9))]
            assert synchronise(connection, self.TABLE, {"scope": "a"}, wanted) == 2
            assert synchronise(connection, self.TABLE, {"scope": "a"}, wanted) == 0
            held = connection.execute(self.TABLE.select().order_by("scope", "key")).all()
        assert held == [("a", 0, 0), ("a", 1, None), ("a", 9, 9), *(("b", key, key) for key in range(4))]


class TestRunLog:
    def test_a_run_that_was_killed_is_told_by_the_next(self, store: Store) -> None:
        store.start_run("civil-affairs", "2026-10", "full")
        store.start_run("poverty-relief", "2026-10", "full")
        store.start_run("civil-affairs", "2026-10", "full")
        assert [entry.state for entry in store.list_runs("civil-affairs")] == ["interrupted", "running"]
        assert [entry.state for entry in store.list_runs("poverty-relief")] == ["running"]
