"""The test bed: the production engine, one database for each worker made by the migrations, each test rolled back."""

import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from hub.app import create_app
from hub.identity.subject import Subject
from hub.kit.db import Database
from hub.kit.migration import upgrade
from hub.kit.postgres import APP, OWNER, PostgresServer
from hub.settings import Settings, settings, share_folder
from tests.people import People

MAINTENANCE = {"alembic_version", "store_generation"}
PATIENCE = 20.0  # seconds
TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'jobs')"
AT_WORK = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'relation' AND pid <> pg_backend_pid()
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@pytest.fixture(scope="session", autouse=True)
def _settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of the tests' own: nothing of the developer's environment comes in."""
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        del os.environ[name]
    os.environ["HUB_DATA_DIR"] = str(tmp_path_factory.mktemp("data"))
    # Tests call more often than any program may; tests/kit/test_limits.py sets limits of its own.
    os.environ["HUB_CLIENT_REQUESTS_PER_MINUTE"] = os.environ["HUB_CLIENT_READS_PER_DAY"] = "0"
    settings.cache_clear()
    yield settings()
    settings.cache_clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all workers of this checkout; the last to leave stops it."""
    folder = Path(tempfile.gettempdir()) / f"hub-tests-{os.getuid()}"
    with PostgresServer.start(folder, settings={"fsync": "off", "synchronous_commit": "off"}) as server:
        yield server


@pytest.fixture(scope="session")
def database_name(postgres: PostgresServer, worker_id: str) -> Iterator[str]:
    name = f"test_{worker_id}_{os.getpid()}"
    postgres.create_database(name)
    upgrade(
        share_folder("migrations"),
        owner_url=postgres.url(role=OWNER, database=name),
        application_role=APP,
    )
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def owner_url(postgres: PostgresServer, database_name: str) -> str:
    return postgres.url(role=OWNER, database=database_name)


@pytest.fixture(scope="session")
async def _process_database(postgres: PostgresServer, database_name: str) -> AsyncIterator[Database]:
    database = Database(postgres.url(database=database_name))
    yield database
    await database.close()


@pytest.fixture
async def database(
    _process_database: Database, owner_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[Database]:
    """The process's database; rolled back after the test, or emptied when the test is `full_transaction`."""
    if request.node.get_closest_marker("full_transaction"):
        _process_database.unbind()
        try:
            yield _process_database
        finally:
            empty(owner_url)
        return
    async with _process_database.engine.connect() as connection:
        transaction = await connection.begin()
        # It is idle whenever the test computes, and on a busy machine that may be longer than any request may idle.
        await connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        _process_database.bind(connection)
        try:
            yield _process_database
        finally:
            _process_database.unbind()
            await transaction.rollback()


def empty(owner_url: str) -> None:
    """Empty every table, once nobody is at work: a request whose page is gone may still be answered by the server."""
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        rows = connection.execute(TABLES).fetchall()
        tables = ", ".join(f"{schema}.{name}" for schema, name in sorted(rows) if name not in MAINTENANCE)
        give_up_at = time.monotonic() + PATIENCE
        while time.monotonic() < give_up_at and connection.execute(AT_WORK).fetchone() != (0,):
            time.sleep(0.02)
        while True:
            try:
                connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
            except psycopg.errors.DeadlockDetected:  # one more request came between the question and the lock
                if time.monotonic() > give_up_at:
                    raise
            else:
                return


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """A session of the test's own. What it flushed is seen by the application under test after a commit."""
    async with database.transaction() as opened:
        yield opened


@pytest.fixture
async def people(database: Database) -> People:
    """The organisations, the county's divisions and the named people and programs of the tests."""
    return await People.settle(database)


@pytest.fixture
def subject(people: People, request: pytest.FixtureRequest) -> Subject | None:
    marker = request.node.get_closest_marker("subject")
    return people.subject(marker.args[0]) if marker else None


@pytest.fixture
async def client(
    database: Database, people: People, request: pytest.FixtureRequest
) -> AsyncIterator[httpx.AsyncClient]:
    """The application, called by whom `@pytest.mark.subject` names; anonymous without it."""
    marker = request.node.get_closest_marker("subject")
    headers = await people.authorization(marker.args[0]) if marker else {}
    app = create_app(database)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as opened:
        yield opened
