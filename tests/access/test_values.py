"""Role × route × element × division × period (REL-S1), as the hub is and on the second wall alone (REL-S2)."""

import csv
import io
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import polars as pl
import psycopg
import pytest
from sqlalchemy import func, select, text

from hub.app import create_app
from hub.audit.models import AuditEventRow
from hub.grants.models import DataRead
from hub.kit import json
from hub.kit.db import Database
from hub.store import scope as scopes
from hub.store.models import Record, RecordRevision
from tests.access.world import (
    AFTER,
    BEFORE,
    BETWEEN,
    ELEMENTS,
    MONTHS,
    Caller,
    Question,
    answer,
    asked_of,
    callers,
    changes,
    create_world,
    faults,
    is_withheld,
)
from tests.people import COUNTY, EAST, VILLAGES, WEST, People

VALUES, CHANGES = "/api/v1/data-values", "/api/v1/changes"
EVERYTHING = [{"elements": None, "divisions": ["43"], "first_day": "0001-01-01", "last_day": "9999-12-31"}]
STREAMS = (
    "application/x-ndjson",
    "text/csv",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
)
ASKED = [
    None,
    ("village_migrants",),
    ("village_homes",),
    ("village_migrants", "village_poor"),
    ELEMENTS,
]
PLACES = [None, COUNTY, EAST, WEST, VILLAGES[EAST][2], VILLAGES[WEST][1]]
PERIODS = [("2026-09",), ("2026-10",), MONTHS]


def questions() -> Iterator[Question]:
    for elements, place, months in itertools.product(ASKED, PLACES, PERIODS):
        yield Question(elements, place, months)


def questions_at_instants() -> Iterator[Question]:
    for as_of, elements, months in itertools.product((BEFORE, BETWEEN, AFTER), ASKED[:2], PERIODS[1:]):
        yield Question(elements, None, months, as_of)


def streamed_questions() -> Iterator[Question]:
    yield from (Question(elements, None, MONTHS) for elements in ASKED[:4])
    yield Question(("village_migrants",), EAST, ("2026-10",))


@pytest.fixture(params=["both walls", "the second wall alone"])
def walls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "the second wall alone":
        monkeypatch.setattr(scopes, "asked_boxes", lambda _scope, _request: EVERYTHING)


@pytest.fixture
async def numbers(database: Database, people: People) -> Mapping[str, str]:
    del people
    return await create_world(database)


class Calling:
    """A caller at the counter, who counts what was asked for and what came of it."""

    def __init__(self, caller: Caller, client: httpx.AsyncClient) -> None:
        self.caller = caller
        self.client = client
        self.outcomes: Counter[str] = Counter()

    async def get(self, url: str, parameters: Mapping[str, Any], accept: str = "application/json") -> httpx.Response:
        response = await self.client.get(url, params=parameters, headers={"Accept": accept})
        self.outcomes["answered" if response.status_code == 200 else "refused"] += 1
        return response

    async def check(self, question: Question, accept: str = "application/json") -> list[str]:
        """What differs from the page's tables; nothing when the answer is right in every field."""
        response = await self.get(VALUES, question.parameters, accept)
        told = f"{self.caller.name} [{self.caller.grants}] {question.parameters} {accept}: {response.text[:500]}"
        if not self.caller.may_ask:
            return [] if (response.status_code, response.json()["code"]) == (403, "forbidden") else [told]
        if expected := faults(self.caller, question):
            is_right = response.status_code == 403 and response.json()["code"] == "not_granted"
            pointers = {item["pointer"] for item in response.json()["errors"]} if is_right else set()
            leaks = any(str(number) in response.text for number in range(700_000, 731_000, 10))
            return [] if pointers == expected and not leaks else [told]
        if response.status_code != 200:
            return [told]
        rows = answer(self.caller, question)
        seen = read(accept, response, asked_of(self.caller, question))
        wanted = rows if accept in {"application/json", "application/x-ndjson"} else [flat(row) for row in rows]
        return [] if seen == wanted else [f"{told} instead of {wanted}"]


@asynccontextmanager
async def calling(
    database: Database, people: People, caller: Caller, numbers: Mapping[str, str]
) -> AsyncIterator[Calling]:
    grants = tuple(numbers[letter] for letter in caller.grants.split())
    headers = await people.authorization(caller.name, grants=grants)
    transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
        yield Calling(caller, client)


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a table: a cell that may not be read looks like one without a value, and has no reason."""
    return {
        "division": row["division"],
        "period": row["period"],
        "revision": row["revision"],
        "values": {element: value for element, value in row["values"].items() if value is not None},
        "missing": row["missing"],
        "versions": row["versions"],
    }


def read(accept: str, response: httpx.Response, asked: tuple[str, ...]) -> list[dict[str, Any]]:
    body = io.BytesIO(response.content)
    if accept == "application/json":
        return [plain(item) for item in json.loads(response.text)["items"]]
    if accept == "application/x-ndjson":
        return [plain(json.loads(line)) for line in response.text.splitlines()]
    if accept == "text/csv":
        lines = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"), newline="")))
    else:
        lines = (pl.read_parquet(body) if accept.endswith("parquet") else pl.read_ipc_stream(body)).to_dicts()
    return [
        {
            "division": line["division"],
            "period": line["period"],
            "revision": int(line["revision"]),
            "values": {element: int(line[element]) for element in asked if line[element] not in {None, ""}},
            "missing": json.loads(line["missing"] or "{}"),
            "versions": json.loads(line["versions"] or "{}"),
        }
        for line in lines
    ]


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """Who said so and when is another test's."""
    return {name: value for name, value in item.items() if name not in {"submission", "submitted_at"}}


async def count(database: Database, statement: Any) -> int:
    async with database.transaction() as session:
        return await session.scalar(statement) or 0


@pytest.mark.usefixtures("walls")
class TestMatrix:
    async def test_values(self, database: Database, people: People, numbers: Mapping[str, str]) -> None:
        wrong, outcomes, lines = [], Counter[str](), 0
        for caller in callers():
            async with calling(database, people, caller, numbers) as at:
                asked = [*questions(), *questions_at_instants()] if caller.may_ask else [*questions()][::9]
                for question in asked:
                    wrong += await at.check(question)
                    lines += lines_of(caller, question)
                for question, accept in itertools.product(streamed_questions() if caller.may_ask else (), STREAMS):
                    wrong += await at.check(question, accept)
                    lines += lines_of(caller, question)
                outcomes += at.outcomes
        assert wrong == []
        assert outcomes.total() > 1000  # in each of the two runs
        assert outcomes["answered"] > 200
        await self.check_log(database, outcomes, lines)

    async def check_log(self, database: Database, outcomes: Counter[str], lines: int) -> None:
        """Every pull and every refusal is in the log (REL-S14), and a line for each grant that was drawn on."""
        events = select(func.count()).select_from(AuditEventRow)
        answered = await count(database, events.where(AuditEventRow.action == "data_values.read"))
        refused = await count(database, events.where(AuditEventRow.action == "access.refuse"))
        assert (answered, refused) == (outcomes["answered"], outcomes["refused"])
        assert await count(database, select(func.count()).select_from(DataRead)) == lines

    async def test_changes(self, database: Database, people: People, numbers: Mapping[str, str]) -> None:
        for caller in callers():
            async with calling(database, people, caller, numbers) as at:
                response = await at.get(CHANGES, {"limit": 100})
                if not caller.is_program:
                    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
                    continue
                village_months = itertools.product(ELEMENTS, VILLAGES[EAST] + VILLAGES[WEST], MONTHS)
                if not caller.boxes or any(is_withheld(caller, *cell) for cell in village_months):
                    assert (response.status_code, response.json()["code"]) == (403, "not_granted"), caller
                    continue
                for limit in (100, 2):
                    assert await follow(at, limit) == changes(caller), (caller, limit)

    async def test_what_a_404_or_a_403_says_is_no_value(
        self, database: Database, people: People, numbers: Mapping[str, str]
    ) -> None:
        """An unchanged answer hands over nothing either."""
        caller = next(one for one in callers() if one.grants == "A B")
        async with calling(database, people, caller, numbers) as at:
            question = Question(("village_migrants",), EAST)
            etag = (await at.get(VALUES, question.parameters)).headers["etag"]
            unchanged = await at.client.get(VALUES, params=question.parameters, headers={"If-None-Match": etag})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


async def follow(at: Calling, limit: int) -> list[tuple[str, str, str, dict[str, int | None]]]:
    found: list[tuple[str, str, str, dict[str, int | None]]] = []
    parameters: dict[str, Any] = {"limit": limit}
    while True:
        response = await at.get(CHANGES, parameters)
        assert response.status_code == 200, response.text
        page = response.json()
        if not page["items"]:
            return found
        found += [(item["kind"], item["division"], item["period"], item["values"]) for item in page["items"]]
        parameters["after"] = page["next"]


def lines_of(caller: Caller, question: Question) -> int:
    """A line of the read log for each box that an answered question draws on."""
    if not caller.may_ask or faults(caller, question):
        return 0
    asked = asked_of(caller, question)
    return sum(
        any(element in box.elements for element in asked)
        and any(box.first <= month <= box.last for month in question.months)
        and (question.place is None or question.place.startswith(box.place))
        for box in caller.boxes
    )


@contextmanager
def without_the_second_wall(owner_url: str) -> Iterator[None]:
    """The database lets everything through: its functions no longer look at the transaction's boxes."""
    context = "nullif(current_setting('hub.boxes', true), '')::jsonb"
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        row = connection.execute("SELECT pg_get_functiondef('granted_cells(jsonb, text)'::regprocedure)").fetchone()
        assert row is not None
        assert context in row[0]
        connection.execute(row[0].replace(context, f"'{json.dumps(EVERYTHING)}'::jsonb"))
        try:
            yield
        finally:
            connection.execute(row[0])


class TestTheMatrixItself:
    async def sample(self, database: Database, people: People, numbers: Mapping[str, str]) -> list[str]:
        wrong = []
        for caller in callers():
            if caller.may_ask and caller.boxes:
                async with calling(database, people, caller, numbers) as at:
                    for question in questions():
                        if question.place is None:
                            wrong += await at.check(question)
        return wrong

    async def test_fails_without_either_wall(
        self,
        database: Database,
        people: People,
        numbers: Mapping[str, str],
        owner_url: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with without_the_second_wall(owner_url):
            assert await self.sample(database, people, numbers) == []  # the first wall stands
            monkeypatch.setattr(scopes, "asked_boxes", lambda _scope, _request: EVERYTHING)
            assert len(await self.sample(database, people, numbers)) > 5
        assert await self.sample(database, people, numbers) == []  # the second wall stands again

    async def test_no_context_no_rows(self, database: Database, numbers: Mapping[str, str]) -> None:
        del numbers
        async with database.transaction() as session:
            await session.execute(
                text("SELECT set_config('hub.divisions', '', true), set_config('hub.boxes', '', true)")
            )
            for table in (Record, RecordRevision):
                assert await session.scalar(select(func.count()).select_from(table)) == 0
            question = {"object_class": "village", "periods": MONTHS, "elements": None, "boxes": EVERYTHING}
            asked = {"question": json.dumps(question | {"spans": {COUNTY: [0, 99]}, "limit": 99})}
            for function in ("granted_values", "granted_changes", "granted_history"):
                found = text(f"SELECT count(*) FROM {function}(CAST(:question AS jsonb))")
                assert await session.scalar(found, asked) == 0
