"""A backup holds every row and file, and a restore brings all of it back or changes nothing."""

import asyncio
import json
import os
import re
import signal
import stat
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.audit.service import SYSTEM, Sealer
from hub.backup import data_folder, restoring
from hub.backup.backing_up import BackedUp, back_up
from hub.backup.errors import BackupFileInvalid, BackupNotWritten, BackupRefused, RestoreRefused
from hub.backup.manifest import Manifest
from hub.backup.restoring import Restored, restore
from hub.kit.errors import HubError
from hub.kit.postgres import APP, OWNER, PostgresServer
from tests.backup.databases import MIGRATIONS, Place, new_place

PROTECTED = ("records", "record_revisions", "drafts", "submissions")
# A restore begins a new generation, ends every sign-in and says so in the log.
CHANGED_BY_A_RESTORE = {"public.store_generation", "public.sessions", "public.access_tokens", "public.audit_events"}

DESCRIPTION = (
    """SELECT relname, relrowsecurity, relforcerowsecurity, relacl::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace ORDER BY 1""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
    ORDER BY 1, 2""",
    "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
)


def run_back_up(place: Place, path: Path) -> BackedUp:
    async def work() -> BackedUp:
        owner = place.owner()
        try:
            return await back_up(owner, place.settings, SYSTEM, path)
        finally:
            await owner.close()

    return asyncio.run(work())


def run_restore(place: Place, path: Path, *, replace: bool = False) -> Restored:
    async def work() -> Restored:
        owner = place.owner()
        try:
            return await restore(place.target(owner), SYSTEM, path, replace=replace)
        finally:
            await owner.close()

    return asyncio.run(work())


def seal(place: Place) -> None:
    async def work() -> None:
        owner = place.owner()
        try:
            await Sealer(place.folder).seal(owner)
        finally:
            await owner.close()

    asyncio.run(work())


@pytest.fixture(scope="module")
def migrated(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A hub that was never used, to be copied."""
    with new_place(postgres, "migrated", tmp_path_factory.mktemp("migrated") / "data") as place:
        place.migrate()
        yield place


@pytest.fixture(scope="module")
def filled(postgres: PostgresServer, migrated: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A hub whose every table holds something and whose audit log is real, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    with new_place(postgres, "filled", folder / "data", template=migrated) as place:
        place.fill()
        place.run("DELETE FROM audit_events; DELETE FROM audit_heads")
        run_back_up(place, folder / "first-event.zip")
        seal(place)
        (place.folder / "demo-accounts.json").write_text("{}\n")
        (place.folder / "sealing-key").write_bytes(bytes(32))
        yield place


@pytest.fixture
def source(postgres: PostgresServer, filled: Place, tmp_path: Path) -> Iterator[Place]:
    with new_place(postgres, "source", tmp_path / "source", template=filled) as place:
        yield place


@pytest.fixture
def elsewhere(postgres: PostgresServer, tmp_path: Path) -> Iterator[Place]:
    """An empty database and an empty folder on another machine."""
    with new_place(postgres, "elsewhere", tmp_path / "elsewhere") as place:
        yield place


@pytest.fixture
def unused(postgres: PostgresServer, migrated: Place, tmp_path: Path) -> Iterator[Place]:
    """A hub that was migrated and never used."""
    with new_place(postgres, "unused", tmp_path / "unused", template=migrated) as place:
        yield place


@pytest.fixture
def backup(source: Place, tmp_path: Path) -> Path:
    path = tmp_path / "hub.zip"
    run_back_up(source, path)
    return path


def manifest_of(path: Path) -> Manifest:
    with zipfile.ZipFile(path) as archive:
        return Manifest.model_validate_json(archive.read("manifest.json"))


def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The same archive with another manifest, everything else as it was."""
    made = path.with_name("rewritten.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                manifest = json.loads(content)
                change(manifest)
                content = json.dumps(manifest).encode()
            new.writestr(name, content)
    return made


class TestBackup:
    def test_holds_every_row_that_a_superuser_sees(self, source: Place, tmp_path: Path) -> None:
        before = source.content()
        assert all(before[f"public.{table}"] for table in PROTECTED)
        done = run_back_up(source, tmp_path / "hub.zip")
        held = {f"{table.schema_name}.{table.name}": table.rows for table in done.manifest.tables}
        del before["public.alembic_version"]
        assert held == {table: len(rows) for table, rows in before.items()}
        assert done.manifest.rows > len(held) - 10

    @pytest.mark.parametrize(
        "breach",
        [
            "DROP POLICY owner_backs_up ON {table}",
            "CREATE POLICY narrower ON {table} AS RESTRICTIVE USING (division IS NULL)",
        ],
    )
    @pytest.mark.parametrize("table", ["records", "record_revisions"])
    def test_is_refused_when_a_table_might_hide_rows(
        self, source: Place, tmp_path: Path, table: str, breach: str
    ) -> None:
        source.run(breach.format(table=table))
        with pytest.raises(BackupRefused, match=table):
            run_back_up(source, tmp_path / "hub.zip")
        assert not (tmp_path / "hub.zip").exists()

    def test_every_table_behind_the_second_wall_lets_the_owner_back_up(self, source: Place) -> None:
        with source.as_superuser() as connection:
            walled = connection.execute("SELECT relname FROM pg_class WHERE relrowsecurity").fetchall()
            open_ = connection.execute("SELECT tablename FROM pg_policies WHERE policyname = 'owner_backs_up'")
            assert set(walled) == set(open_.fetchall())

    def test_opens_no_wall_for_the_serving_role(self, source: Place) -> None:
        url = source.server.url(role=APP, database=source.name).replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            connection.execute("SELECT set_config('hub.backup', 'on', true)")
            for table in PROTECTED:
                assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)

    def test_is_for_its_owner_alone_and_carries_key_and_heads(self, source: Place, backup: Path) -> None:
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert {entry.name for entry in manifest_of(backup).files} == set(data_folder.FILES)

    def test_never_overwrites(self, source: Place, backup: Path) -> None:
        before = backup.read_bytes()
        with pytest.raises(BackupRefused, match=re.escape(str(backup))):
            run_back_up(source, backup)
        assert backup.read_bytes() == before

    def test_that_cannot_be_written_leaves_nothing(self, source: Place, tmp_path: Path) -> None:
        with pytest.raises(BackupNotWritten):
            run_back_up(source, tmp_path / "absent" / "hub.zip")
        there = sorted(tmp_path.iterdir())
        source.run("ALTER TABLE records RENAME COLUMN payload TO other; ALTER TABLE store_generation RENAME TO gone")
        with pytest.raises(Exception, match="store_generation"):
            run_back_up(source, tmp_path / "hub.zip")
        assert sorted(tmp_path.iterdir()) == there

    def test_of_nothing_is_refused(self, elsewhere: Place, tmp_path: Path) -> None:
        with pytest.raises(BackupRefused, match="HUB_MIGRATION_DATABASE_URL"):
            run_back_up(elsewhere, tmp_path / "hub.zip")


class TestRestore:
    def test_brings_every_row_and_file_back_elsewhere(self, source: Place, elsewhere: Place, backup: Path) -> None:
        restored = run_restore(elsewhere, backup)
        here, there = elsewhere.content(), source.content()
        # The log of the source has one event more, which tells of the backup; the restored one tells of the restore.
        for table in there.keys() - CHANGED_BY_A_RESTORE:
            assert here[table] == there[table], table
        assert len(here["public.audit_events"]) == len(there["public.audit_events"])
        assert elsewhere.files() == {name: (source.folder / name).read_bytes() for name in data_folder.FILES}
        assert {stat.S_IMODE((elsewhere.folder / name).stat().st_mode) for name in data_folder.FILES} == {0o600}
        assert restored.verdict.broken is None
        assert restored.verdict.events == 1

    def test_begins_a_new_generation_and_ends_sign_ins(self, source: Place, elsewhere: Place, backup: Path) -> None:
        run_restore(elsewhere, backup)
        assert elsewhere.content()["public.store_generation"] != source.content()["public.store_generation"]
        with elsewhere.as_superuser() as connection:
            live = "SELECT (SELECT count(*) FROM sessions WHERE ended_at IS NULL), "
            live += "(SELECT count(*) FROM access_tokens WHERE revoked_at IS NULL)"
            assert connection.execute(live).fetchone() == (0, 0)

    def test_leaves_walls_keys_and_triggers_as_the_migrations_made_them(
        self, source: Place, elsewhere: Place, backup: Path
    ) -> None:
        run_restore(elsewhere, backup)
        described = []
        for place in (source, elsewhere):
            with place.as_superuser() as connection:
                described.append([connection.execute(query).fetchall() for query in DESCRIPTION])
        assert described[0] == described[1]

    def test_goes_on_numbering_where_the_backup_stood(self, source: Place, elsewhere: Place, tmp_path: Path) -> None:
        queue = "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name) VALUES ('q', 't') RETURNING id"
        with source.as_superuser() as connection:
            newest = connection.execute(queue).fetchone()
        run_back_up(source, tmp_path / "numbered.zip")
        run_restore(elsewhere, tmp_path / "numbered.zip")
        with elsewhere.as_superuser() as connection:
            assert newest is not None
            assert connection.execute(queue).fetchone() == (newest[0] + 1,)
            # Its trigger was silent for the job that was loaded, and speaks for the new one.
            events = connection.execute("SELECT job_id, count(*) FROM jobs.procrastinate_events GROUP BY 1 ORDER BY 1")
            assert events.fetchall() == [(newest[0], 1), (newest[0] + 1, 1)]

    def test_of_an_older_backup_migrates_it(self, source: Place, elsewhere: Place, tmp_path: Path) -> None:
        source.downgrade("0010")
        for table in PROTECTED:
            source.run(
                f"CREATE POLICY owner_backs_up ON {table} FOR SELECT TO {OWNER}"
                " USING (current_setting('hub.backup', true) = 'on')"
            )
        older = run_back_up(source, tmp_path / "older.zip").manifest
        assert older.revision == "0010"
        run_restore(elsewhere, tmp_path / "older.zip")
        with elsewhere.as_superuser() as connection:
            newest = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            assert newest == (max(path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py")),)
        here, there = elsewhere.content(), source.content()
        for table in PROTECTED:
            rows = zip(here[f"public.{table}"], there[f"public.{table}"], strict=True)
            # Newer columns come after those that the backup had.
            assert all(migrated.startswith(old.removesuffix(")")) for migrated, old in rows), table

    def test_replaces_only_when_told_and_keeps_the_old_key(
        self, source: Place, unused: Place, backup: Path, tmp_path: Path
    ) -> None:
        run_back_up(unused, tmp_path / "its-own.zip")
        seal(unused)
        key, before = (unused.folder / "audit-signing-key.pem").read_bytes(), unused.content()
        with pytest.raises(RestoreRefused, match="--replace"):
            run_restore(unused, backup)
        assert unused.content() == before
        restored = run_restore(unused, backup, replace=True)
        assert restored.verdict.broken is None
        assert restored.replaced_files is not None
        assert (restored.replaced_files / "audit-signing-key.pem").read_bytes() == key
        assert unused.content()["public.records"] == source.content()["public.records"]
        with unused.as_superuser() as connection:
            told = connection.execute("SELECT details FROM audit_events WHERE action = 'database.restore'").fetchall()
        assert [details["replaced_head"][0] for (details,) in told] == [1]

    def test_is_refused_beside_a_running_hub(self, elsewhere: Place, backup: Path) -> None:
        url = elsewhere.server.url(role=APP, database=elsewhere.name).replace("+psycopg", "")
        with psycopg.connect(url), pytest.raises(RestoreRefused, match="hub"):
            run_restore(elsewhere, backup)
        run_restore(elsewhere, backup)

    def test_is_refused_in_somebody_elses_database(self, elsewhere: Place, backup: Path) -> None:
        elsewhere.run(f"CREATE TABLE theirs AS SELECT 1 AS number; ALTER TABLE theirs OWNER TO {OWNER}")
        before = elsewhere.content()
        with pytest.raises(RestoreRefused):
            run_restore(elsewhere, backup, replace=True)
        assert elsewhere.content() == before


class TestBadFiles:
    def refuse(self, place: Place, path: Path, error: type[HubError] = BackupFileInvalid) -> str:
        before = place.content(), place.files()
        with pytest.raises(error) as refused:
            run_restore(place, path, replace=True)
        assert (place.content(), place.files()) == before
        return refused.value.detail

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
    def test_cut_short(self, unused: Place, backup: Path, share: float) -> None:
        content = backup.read_bytes()
        backup.write_bytes(content[: int(len(content) * share)])
        self.refuse(unused, backup)

    def test_one_byte_changed(self, unused: Place, backup: Path) -> None:
        with zipfile.ZipFile(backup) as archive:
            member = max(archive.infolist(), key=lambda info: info.compress_size)
        content = bytearray(backup.read_bytes())
        content[member.header_offset + len(member.filename) + 60] ^= 0xFF
        backup.write_bytes(content)
        self.refuse(unused, backup)

    def test_a_row_more_than_the_manifest_says(self, unused: Place, backup: Path) -> None:
        def claim(manifest: dict[str, Any]) -> None:
            next(table for table in manifest["tables"] if table["name"] == "divisions")["rows"] += 1

        assert "divisions" in self.refuse(unused, rewritten(backup, claim))

    def test_another_hash(self, unused: Place, backup: Path) -> None:
        made = rewritten(backup, lambda manifest: manifest["files"][0].update(sha256="0" * 64))
        assert manifest_of(made).files[0].member in self.refuse(unused, made)

    def test_a_newer_format(self, unused: Place, backup: Path) -> None:
        assert "9" in self.refuse(unused, rewritten(backup, lambda manifest: manifest.update(format=9)))

    def test_a_newer_revision(self, unused: Place, backup: Path) -> None:
        made = rewritten(backup, lambda manifest: manifest.update(revision="0999"))
        assert "0999" in self.refuse(unused, made, RestoreRefused)

    def test_another_county(self, unused: Place, backup: Path) -> None:
        made = rewritten(backup, lambda manifest: manifest.update(county="433125"))
        assert "433125" in self.refuse(unused, made, RestoreRefused)

    def test_a_file_that_would_go_elsewhere(self, unused: Place, backup: Path) -> None:
        def rename(manifest: dict[str, Any]) -> None:
            manifest["files"][0]["name"] = "../escaped"

        self.refuse(unused, rewritten(backup, rename))

    def test_no_backup_at_all(self, unused: Place, tmp_path: Path) -> None:
        other = tmp_path / "other.zip"
        with zipfile.ZipFile(other, "w") as archive:
            archive.writestr("readme.txt", "nothing")
        self.refuse(unused, other)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(function: Callable[..., Any], *, after: bool, call: int = 1) -> Callable[..., Any]:
    """The function, killing its process before or after its nth call."""
    calls = 0

    async def wrapped(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not after:
            die()
        result = await function(*arguments)
        if calls == call:
            die()
        return result

    return wrapped


class TestKilledInTheMiddle:
    """kill -9 of a restore leaves the old hub or the new one, whole: database, key and heads."""

    def kill(self, place: Place, backup: Path, prepare: Callable[[], None]) -> None:
        child = os.fork()
        if child == 0:
            prepare()
            run_restore(place, backup, replace=True)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the restore was to be killed"

    def finish(self, place: Place) -> None:
        """What the next start of the hub does first."""

        async def work() -> None:
            owner = place.owner()
            try:
                await restoring.finish_interrupted(owner, place.folder)
                async with owner.transaction() as session:
                    verdict = await Sealer(place.folder).verify(session)
                assert verdict.broken is None
            finally:
                await owner.close()

        asyncio.run(work())

    def old_hub(self, place: Place, tmp_path: Path) -> dict[str, list[str]]:
        run_back_up(place, tmp_path / "its-own.zip")
        seal(place)
        return place.content()

    @pytest.mark.parametrize(
        ("step", "after", "call"),
        [("empty", True, 1), ("copy_in", True, 20), ("close_after_loading", True, 1), ("end_sign_ins", True, 1)],
    )
    def test_before_its_commit_is_the_old_one(
        self, unused: Place, backup: Path, tmp_path: Path, step: str, after: bool, call: int
    ) -> None:
        before = self.old_hub(unused, tmp_path)

        def prepare() -> None:
            known = getattr(restoring.repository, step)
            setattr(restoring.repository, step, dying(known, after=after, call=call))

        self.kill(unused, backup, prepare)
        self.finish(unused)
        assert unused.content() == before

    def test_with_its_files_laid_ready_is_the_old_one(self, unused: Place, backup: Path, tmp_path: Path) -> None:
        before = self.old_hub(unused, tmp_path)

        def prepare() -> None:
            restoring._lay_files_ready = dying(restoring._lay_files_ready, after=True)

        self.kill(unused, backup, prepare)
        assert data_folder.is_unsettled(unused.folder)
        self.finish(unused)
        assert unused.content() == before
        run_restore(unused, backup, replace=True)
        assert not data_folder.is_unsettled(unused.folder)

    @pytest.mark.parametrize("moved", [0, 1, 2])
    def test_after_its_commit_is_the_new_one(
        self, source: Place, unused: Place, backup: Path, tmp_path: Path, moved: int
    ) -> None:
        self.old_hub(unused, tmp_path)

        def prepare() -> None:
            known, calls = data_folder.replace_private, iter(range(9))

            def replace(path: Path, content: bytes) -> None:
                if next(calls) == moved:
                    die()
                known(path, content)

            data_folder.replace_private = replace

        self.kill(unused, backup, prepare)
        self.finish(unused)
        assert unused.content()["public.records"] == source.content()["public.records"]
        assert unused.files() == {name: (source.folder / name).read_bytes() for name in data_folder.FILES}


def test_says_when_it_was_made(backup: Path) -> None:
    assert abs((datetime.now(UTC) - manifest_of(backup).made_at).total_seconds()) < 60
