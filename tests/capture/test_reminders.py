"""One reminder before the deadline, one escalation after it, none after a submission (FEATURES W07)."""

from datetime import date, datetime, time, timedelta

import httpx
import pytest
from sqlalchemy import select

from hub.capture import reminding, service
from hub.capture.models import Collection, Reminder
from hub.capture.reminding import remind_of_deadlines
from hub.kit import clock
from hub.kit.clock import CHINA
from hub.kit.db import Database
from tests.capture.factories import FORM, PERIOD, create_collection, create_published_form, rows, save, submit
from tests.people import EAST, WEST, People

# A Wednesday in an ordinary week of a year whose calendar is not entered: Monday to Friday count.
DUE = date(2031, 3, 12)


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people, due_on=DUE)


def at(day: date, hour: int = 9) -> datetime:
    return datetime.combine(day, time(hour), CHINA)


async def told(database: Database) -> list[tuple[str, str]]:
    async with database.transaction() as session:
        found = await session.scalars(select(Reminder).order_by(Reminder.id))
        return sorted((one.kind, one.township) for one in found)


async def turn(database: Database, day: date) -> None:
    with clock.travel(at(day)):
        await remind_of_deadlines(database)


class TestDeadlines:
    async def test_each_is_said_once_on_its_day(self, database: Database, collection: Collection) -> None:
        assert collection.township == EAST
        before, overdue = [("before_due", EAST), ("before_due", WEST)], [("overdue", EAST), ("overdue", WEST)]
        expected = {
            DUE - timedelta(days=5): [],  # Friday: three working days are left
            DUE - timedelta(days=2): before,  # Monday: two are
            DUE - timedelta(days=1): before,
            DUE: before,
            DUE + timedelta(days=1): before,  # the deadline has passed, but no working day since
            DUE + timedelta(days=2): before + overdue,
            DUE + timedelta(days=9): before + overdue,
        }
        for day, said in expected.items():
            await turn(database, day)
            await turn(database, day)
            assert await told(database) == said, day

    async def test_a_weekend_is_no_working_day(self, database: Database, people: People) -> None:
        await create_published_form(database, people)
        friday = date(2031, 3, 14)
        await create_collection(database, people, due_on=friday)
        await turn(database, friday + timedelta(days=3))
        assert ("overdue", EAST) not in await told(database)
        await turn(database, friday + timedelta(days=4))
        assert ("overdue", EAST) in await told(database)

    @pytest.mark.subject("reporter_east")
    async def test_who_has_submitted_is_left_alone(
        self, database: Database, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        assert (await save(client, collection, rows())).status_code == 200
        assert (await submit(client, collection)).status_code == 201
        await turn(database, DUE - timedelta(days=1))
        await turn(database, DUE + timedelta(days=5))
        assert await told(database) == [("before_due", WEST), ("overdue", WEST)]

    async def test_what_is_not_open_yet_is_not_asked_for(self, database: Database, people: People) -> None:
        await create_published_form(database, people)
        await create_collection(database, people, opens_on=DUE, due_on=DUE)
        await turn(database, DUE - timedelta(days=1))
        assert await told(database) == []

    async def test_they_are_counted_and_said_beside_the_task(
        self, database: Database, people: People, collection: Collection
    ) -> None:
        await turn(database, DUE + timedelta(days=3))
        async with database.transaction() as session:
            subject = people.subject("reporter_east")
            tasks = await service.list_collections(session, subject, limit=10)
            newest = await reminding.newest_reminders(session, tasks)
            assert newest[collection.id].kind == "overdue"
            assert len(newest) == 1
            assert await reminding.count_escalated(session) == 2


class TestAskForSubmission:
    PATH = "/api/v1/collections/reminders"
    BODY = {"form": FORM, "period": PERIOD, "note": "请今天报"}  # noqa: RUF012 - a constant of the tests

    async def test_wants_a_name(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(self.PATH, json=self.BODY)).status_code == 401

    @pytest.mark.subject("reporter_east")
    async def test_is_not_for_townships(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(self.PATH, json=self.BODY)).status_code == 403

    @pytest.mark.subject("registrar")
    async def test_reminds_each_once_a_day(self, client: httpx.AsyncClient, database: Database, people: People) -> None:
        await create_published_form(database, people)
        await create_collection(database, people)
        answer = await client.post(self.PATH, json=self.BODY)
        assert answer.status_code == 201
        assert answer.json() == {"townships": [EAST, WEST]}
        again = await client.post(self.PATH, json=self.BODY)
        assert (again.status_code, again.json()["code"]) == (409, "nobody_to_remind")
        with clock.travel(clock.now() + timedelta(days=1)):
            async with database.transaction() as session:
                await reminding.ask_for_submission(session, people.subject("registrar"), form=FORM, period=PERIOD)
        assert await told(database) == [("asked", EAST), ("asked", EAST), ("asked", WEST), ("asked", WEST)]

    @pytest.mark.subject("registrar")
    async def test_tells_a_note_that_is_too_long(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(self.PATH, json={**self.BODY, "note": "长" * 501})
        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/note"]
