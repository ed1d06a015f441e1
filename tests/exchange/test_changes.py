import uuid
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.exchange.cursors import KEPT_FOR
from hub.exchange.models import ChangeCursor
from hub.exchange.tasks import forgetting_old_cursors
from hub.grants.models import AccessGrant, DataRead
from hub.kit import clock
from hub.kit.db import Database
from tests.exchange.factories import calling, grant, submit
from tests.grants.factories import MIGRANTS, POOR, create_element
from tests.people import EAST, VILLAGES, WEST, People
from tests.store.factories import VILLAGE, make_row

URL = "/api/v1/changes"
VALUES = {"elements": MIGRANTS, "period": "2026-10"}


def row(migrants: Any, *, division: str = VILLAGE, **more: Any) -> Any:
    return make_row(division=division, **{MIGRANTS: migrants}, **more)


@pytest.fixture(autouse=True)
async def registry(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session)
        await create_element(session, identifier=POOR)


class TestReadChanges:
    async def test_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(URL)).status_code == 401

    @pytest.mark.subject("steward_poverty_relief")
    async def test_programs_only(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(URL)).status_code == 403

    async def test_two_changed_and_one_deleted_are_three_items(self, database: Database, people: People) -> None:
        number = await grant(database)
        villages = [*VILLAGES[EAST], VILLAGES[WEST][0]]
        await submit(database, *(row(10, division=code, **{POOR: 1}) for code in villages))
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            cursor = (await program.get("/api/v1/data-values", params=VALUES)).headers["hub-cursor"]
            await submit(database, row(11, **{POOR: 1}), row(10, division=villages[1], **{POOR: 7}))
            await submit(database, row(12, division=villages[2], **{POOR: 1}))
            await submit(database, row(None, division=villages[3], **{POOR: 1}))
            answer = (await program.get(URL, params={"after": cursor})).json()
            assert [(i["division"], i["kind"], i["values"]) for i in answer["items"]] == [
                (villages[0], "correction", {MIGRANTS: 11}),
                (villages[2], "correction", {MIGRANTS: 12}),
                (villages[3], "withdrawal", {MIGRANTS: None}),
            ]
            assert set(answer["items"][0]) == {
                "division", "period", "object_class", "entity", "values", "missing",
                "versions", "revision", "submission", "submitted_at", "kind",
            }  # fmt: skip
            again = await program.get(URL, params={"after": answer["next"]})
            assert again.json()["items"] == []
            assert again.json()["next"] not in {None, answer["next"], cursor}
            assert again.headers["hub-grant"] == number

    async def test_tells_of_an_element_on_its_way_out(self, database: Database, people: People) -> None:
        """A reader who only follows hears of it too."""
        async with database.transaction() as session:
            await create_element(session, identifier="old_element", valid_until=date(2027, 6, 30))
        number = await grant(database, elements=["old_element"])
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            headers = (await program.get(URL)).headers
        assert headers["sunset"] == "Wed, 30 Jun 2027 15:59:59 GMT"
        assert headers["deprecation"].startswith("@")

    async def test_without_a_cursor_from_the_beginning_in_pages(self, database: Database, people: People) -> None:
        number = await grant(database)
        villages = [*VILLAGES[EAST], *VILLAGES[WEST]]
        await submit(database, *(row(1, division=code) for code in villages))
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 4}
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            while items := (answer := (await program.get(URL, params=query)).json())["items"]:
                seen += [item["division"] for item in items]
                query["after"] = answer["next"]
        assert seen == villages

    async def test_logs_what_was_read_under_which_grant(
        self, database: Database, people: People, session: AsyncSession
    ) -> None:
        east = await grant(database, divisions=[EAST])
        west = await grant(database, divisions=[WEST], scenario="另一个目的")
        await submit(database, row(1), row(2, division=VILLAGES[WEST][0]))
        async with calling(database, people, "client_poverty_relief", grants=(east, west)) as program:
            await program.get(URL)
        lines = (await session.scalars(select(DataRead).order_by(DataRead.grant))).all()
        assert [(line.grant, line.elements, line.divisions, line.periods, line.rows) for line in lines] == [
            (east, [MIGRANTS], [VILLAGE], ["2026-10"], 1),
            (west, [MIGRANTS], [VILLAGES[WEST][0]], ["2026-10"], 1),
        ]
        event = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "changes.read"))).one()
        assert (event.details["rows"], event.details["grants"]) == (2, [east, west])


class TestCursors:
    async def expired(self, database: Database, people: People, cursor: str, *grants: str) -> bool:
        async with calling(database, people, "client_poverty_relief", grants=grants) as program:
            response = await program.get(URL, params={"after": cursor})
        assert response.status_code in {200, 410}, response.text
        return response.status_code == 410 and response.json()["code"] == "cursor_expired"

    async def cursor(
        self, database: Database, people: People, *grants: str, name: str = "client_poverty_relief"
    ) -> str:
        async with calling(database, people, name, grants=grants) as program:
            next_: str = (await program.get(URL)).json()["next"]
        return next_

    async def test_good_while_nothing_differs(self, database: Database, people: People) -> None:
        number = await grant(database)
        assert not await self.expired(database, people, await self.cursor(database, people, number), number)

    @pytest.mark.parametrize("cursor", ["nonsense", str(uuid.UUID(int=7)), "0", ""])
    async def test_unknown(self, database: Database, people: People, cursor: str) -> None:
        assert await self.expired(database, people, cursor, await grant(database))

    async def test_another_reach(self, database: Database, people: People) -> None:
        first = await grant(database)
        second = await grant(database, elements=[POOR])
        assert await self.expired(database, people, await self.cursor(database, people, first), first, second)
        assert await self.expired(database, people, await self.cursor(database, people, first, second), first)

    async def test_grants_changed(self, database: Database, people: People) -> None:
        first, second = await grant(database), await grant(database, elements=[POOR])
        cursor = await self.cursor(database, people, first, second)
        async with database.transaction() as session:
            await session.execute(update(AccessGrant).where(AccessGrant.number == second).values(state="suspended"))
        assert await self.expired(database, people, cursor, first, second)

    async def test_another_departments(self, database: Database, people: People) -> None:
        theirs = await grant(database, organization="civil-affairs")
        cursor = await self.cursor(database, people, theirs, name="client_civil_affairs")
        assert await self.expired(database, people, cursor, await grant(database))

    async def test_another_life_of_the_database(
        self, database: Database, people: People, session: AsyncSession
    ) -> None:
        number = await grant(database)
        kept = ChangeCursor(
            organization="poverty-relief",
            generation=uuid.uuid4(),
            grants_fingerprint="x",
            clocks={},
            created_at=people.clients["client_poverty_relief"].created_at,
        )
        session.add(kept)
        await session.flush()
        assert await self.expired(database, people, str(kept.id), number)

    async def test_asking_for_values_again_stores_no_second_cursor(
        self, database: Database, people: People, session: AsyncSession
    ) -> None:
        number = await grant(database)
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            cursors = {
                (await program.get("/api/v1/data-values", params=VALUES)).headers["hub-cursor"] for _ in range(3)
            }
        assert len(cursors) == len((await session.scalars(select(ChangeCursor))).all()) == 1

    async def test_forgotten_after_more_than_a_year(self, database: Database, people: People) -> None:
        number = await grant(database)
        cursor = await self.cursor(database, people, number)
        for days, is_forgotten in ((KEPT_FOR.days - 1, False), (KEPT_FOR.days + 1, True)):
            with clock.travel(clock.now() + timedelta(days=days)):
                await forgetting_old_cursors().run(database)
            assert await self.expired(database, people, cursor, number) is is_forgotten
