"""What is logged, and above all what is not."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from hub.capture import submission
from hub.identity import people as identity_people
from hub.kit import logs
from hub.kit.db import Database
from hub.kit.errors import NotFound
from hub.kit.middleware import FIELDS
from tests.capture.factories import create_collection, create_published_form, rows, save, submit
from tests.people import People

NAME, ID_NUMBER, FIGURE = "张秘密", "433124199001019876", "7654321"
MARKERS = (NAME, ID_NUMBER, FIGURE)
PERSON = {"username": ID_NUMBER, "display_name": NAME, "organization": "human-resources", "roles": ["requester"]}


class Written:
    """What stands in the log, and what a formatter that knows nothing of values would have written."""

    def __init__(self) -> None:
        self.ours, self.plain = io.StringIO(), io.StringIO()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ours.getvalue().splitlines()]

    def requests(self, route: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("route") == route]


@pytest.fixture
def written() -> Iterator[Written]:
    found = Written()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.configure("json", "debug", stream=found.ours)
    root.addHandler(logging.StreamHandler(found.plain))
    yield found
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    for line in found.lines:
        assert {"time", "level", "logger", "message"} <= set(line)


class TestRequestLine:
    @pytest.mark.subject("administrator")
    async def test_says_route_status_and_caller_by_key(
        self, client: httpx.AsyncClient, people: People, written: Written
    ) -> None:
        response = await client.get(f"/api/v1/people?after=%20&limit=5&q={NAME}")
        (line,) = written.requests("/api/v1/people")
        assert line["request_id"] == response.headers["x-request-id"]
        assert (line["method"], line["status"], line["level"]) == ("GET", response.status_code, "info")
        assert (line["caller_kind"], line["caller"]) == ("person", str(people.persons["administrator"].id))
        assert line["milliseconds"] > 0

    @pytest.mark.subject("client_civil_affairs")
    async def test_names_a_program_by_its_id(self, client: httpx.AsyncClient, written: Written) -> None:
        await client.get("/api/v1/divisions")
        assert written.requests("/api/v1/divisions")[0]["caller"] == "civil-affairs"

    @pytest.mark.subject("registrar")
    async def test_is_found_by_the_number_on_the_error_page(self, client: httpx.AsyncClient, written: Written) -> None:
        page = await client.get("/data-elements/nothing", headers={"accept": "text/html"})
        assert page.status_code == 404
        number = page.headers["x-request-id"]
        assert number in page.text
        assert written.lines[-1]["request_id"] == number

    async def test_of_a_stranger_names_nobody(self, client: httpx.AsyncClient, written: Written) -> None:
        await client.get("/api/v1/people")
        assert "caller" not in written.requests("/api/v1/people")[0]

    async def test_of_a_probe_is_for_debugging_only(self, client: httpx.AsyncClient, written: Written) -> None:
        await client.get("/healthz")
        assert written.requests("/healthz")[0]["level"] == "debug"


@pytest.mark.subject("administrator")
class TestNoValues:
    """Markers go through writes that succeed, that are refused, that break and that the database refuses."""

    async def _write(self, client: httpx.AsyncClient) -> int:
        return (await client.post(f"/api/v1/people?note={NAME}", json=PERSON)).status_code

    def _check(self, written: Written, *, would_have_leaked: bool = True) -> None:
        assert [marker for marker in MARKERS if marker in written.ours.getvalue()] == []
        if would_have_leaked:
            assert [marker for marker in MARKERS if marker in written.plain.getvalue()] != []

    async def test_of_writes_that_succeed_and_are_refused(self, client: httpx.AsyncClient, written: Written) -> None:
        assert await self._write(client) == 201
        assert await self._write(client) == 409
        assert (await client.post("/api/v1/people", json={"roles": [FIGURE, NAME]})).status_code == 422
        assert (await client.post(f"/api/v1/people/{ID_NUMBER}{FIGURE}/password-reset")).status_code == 404
        assert len(written.requests("/api/v1/people")) == 3
        self._check(written, would_have_leaked=False)

    async def test_of_a_fault_of_ours(
        self, client: httpx.AsyncClient, written: Written, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(*_arguments: object, **_named: object) -> None:
            try:
                int(NAME)
            except ValueError as error:
                raise RuntimeError(f"{ID_NUMBER} has {FIGURE}") from error

        monkeypatch.setattr(identity_people, "create_person", broken)
        response = await client.post("/api/v1/people", json=PERSON)
        assert response.status_code == 500
        self._check(written)
        (line,) = [line for line in written.lines if "exception" in line]
        assert line["request_id"] == response.headers["x-request-id"] != ""
        assert line["exception"][0] == "builtins.RuntimeError"
        assert "builtins.ValueError" in line["exception"]
        assert any("test_logs.py" in place and "in broken" in place for place in line["exception"])

    async def test_of_what_the_database_refuses(
        self, client: httpx.AsyncClient, written: Written, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(session: Any, *_arguments: object, **_named: object) -> None:
            await session.execute(
                text("INSERT INTO organizations (id, code, name, kind) VALUES (gen_random_uuid(), :code, :name, 'x')"),
                {"code": ID_NUMBER, "name": f"{NAME} {FIGURE}"},
            )

        monkeypatch.setattr(identity_people, "create_person", broken)
        response = await client.post("/api/v1/people", json=PERSON)
        assert response.status_code == 500
        self._check(written)
        told = [place for line in written.lines for place in line.get("exception", ())]
        assert any("sqlstate=23" in place and "table=organizations" in place for place in told)


@pytest.mark.subject("reporter_east")
class TestNoFigures:
    async def test_of_a_townships_form_whatever_happens_to_it(
        self,
        client: httpx.AsyncClient,
        database: Database,
        people: People,
        written: Written,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await create_published_form(database, people)
        collection = await create_collection(database, people)
        typed = rows(workers=int(FIGURE), population=NAME)
        assert (await save(client, collection, typed)).status_code == 200
        assert (await submit(client, collection)).status_code == 422

        async def broken(session: Any, *_arguments: object, **_named: object) -> None:
            statement = text("SELECT CAST(:figure AS integer) / (CAST(:name AS integer) - 1)")
            await session.execute(statement, {"figure": f"{FIGURE}{ID_NUMBER}", "name": NAME})

        monkeypatch.setattr(submission, "submit_draft", broken)
        assert (await submit(client, collection)).status_code == 500
        assert [line["status"] for line in written.lines if line.get("method") == "POST"] == [422, 500]
        assert any("sqlstate=22" in place for line in written.lines for place in line.get("exception", ()))
        assert [marker for marker in MARKERS if marker in written.ours.getvalue()] == []
        assert [marker for marker in MARKERS if marker in written.plain.getvalue()] != []


class TestParameters:
    async def test_of_a_refused_statement_are_not_repeated(self, database: Database) -> None:
        with pytest.raises(IntegrityError) as raised:
            async with database.transaction() as session:
                await session.execute(text("INSERT INTO organizations (code) VALUES (:code)"), {"code": NAME})
        assert NAME not in str(raised.value.statement)
        assert "hidden due to hide_parameters" in str(raised.value)


class TestOthersMessages:
    def test_asyncio_does_not_repeat_an_exception(self, written: Written) -> None:
        loop = asyncio.new_event_loop()

        async def failing() -> None:
            raise ValueError(NAME)

        async def main() -> None:
            task = loop.create_task(failing())
            await asyncio.wait([task])
            loop.call_exception_handler(
                {"message": "Task exception was never retrieved", "future": task, "exception": task.exception()}
            )

        loop.run_until_complete(main())
        loop.close()
        assert NAME in written.plain.getvalue()
        assert NAME not in written.ours.getvalue()
        assert [line["message"] for line in written.lines if line["logger"] == "asyncio"][-1].startswith("Task exc")

    def test_a_jobs_arguments_are_left_out(self, written: Written) -> None:
        logging.getLogger("procrastinate.worker").info(
            "Starting job %s",
            f"imports.run[7](name={NAME!r})",
            extra={"action": "start_job", "job": {"task_name": "imports.run", "id": 7, "task_kwargs": {"name": NAME}}},
        )
        assert written.lines[0]["message"] == "start_job imports.run 7"
        assert NAME not in written.ours.getvalue()

    def test_warnings_are_lines_too(self, written: Written) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logs.configure("json", "debug", stream=written.ours)
            warnings.warn("old", DeprecationWarning, stacklevel=1)
        assert written.lines[-1]["logger"] == "py.warnings"


class TestTold:
    def test_a_group_tells_of_each_and_a_circle_ends(self) -> None:
        first, second = OSError(28, NAME), NotFound(NAME)
        first.__context__, second.__context__ = second, first
        lines = list(logs.told(ExceptionGroup(NAME, [first, second])))
        assert lines == [
            "builtins.ExceptionGroup",
            "builtins.OSError errno=ENOSPC",
            "hub.kit.errors.NotFound code=not_found",
        ]

    def test_a_database_error_without_an_answer_has_no_facts(self) -> None:
        assert list(logs.told(psycopg.OperationalError(NAME))) == ["psycopg.OperationalError"]


class TestTextFormat:
    def test_is_for_people(self) -> None:
        stream = io.StringIO()
        formatter = logs.TextFormatter()
        record = logging.LogRecord("hub.access", logging.INFO, "", 0, "request", (), None)
        setattr(record, FIELDS, {"route": "/x", "status": 200, "caller": None})
        stream.write(formatter.format(record))
        assert stream.getvalue().endswith("INFO    hub.access - request route=/x status=200")

    @pytest.mark.parametrize(
        ("chosen", "terminal", "is_json"),
        [("auto", False, True), ("text", False, False), ("auto", True, False), ("json", True, True)],
    )
    def test_is_chosen_by_setting_or_terminal(
        self, written: Written, chosen: Any, terminal: bool, is_json: bool
    ) -> None:
        stream = io.StringIO()
        stream.isatty = lambda: terminal  # type: ignore[method-assign]
        logs.configure(chosen, "info", stream=stream)
        logging.getLogger("hub").info("hello")
        assert stream.getvalue().startswith("{") == is_json
