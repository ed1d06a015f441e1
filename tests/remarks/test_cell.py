"""The cell's own page: what it tells whom."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.capture.models import Collection
from hub.kit import clock
from hub.kit.db import Database
from tests.capture.factories import PERIOD, PREVIOUS, create_collection, create_published_form, rows, save, submit
from tests.exchange.factories import calling
from tests.grants.factories import create_grant
from tests.people import EAST, VILLAGES, WEST, People
from tests.site.reading import HTML, Page, read, sign_in

FIRST, SECOND, THIRD = VILLAGES[EAST]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    """September and October were submitted; October was corrected for the first village."""
    await create_published_form(database, people)
    past = await create_collection(database, people, period=PREVIOUS)
    collection = await create_collection(database, people)
    async with calling(database, people, "reporter_east") as reporter:
        for task, workers in ((past, 60), (collection, 80)):
            assert (await save(reporter, task, rows(workers=workers))).status_code == 200
            answer = await submit(reporter, task)
            assert answer.status_code == 201, answer.text
        changed = rows(workers=80)
        changed["rows"][0]["values"]["workers"] = 81
        assert (await save(reporter, collection, changed)).status_code == 200
        assert (await submit(reporter, collection, reason="漏报一人")).status_code == 201
    return collection


def address(collection: Collection, element: str = "workers", division: str = FIRST) -> str:
    return f"/collections/{collection.id}/cells/{division}/{element}"


async def as_person(client: httpx.AsyncClient, name: str, path: str, status: int = 200) -> Page:
    await sign_in(client, name)
    return await read(client, path, status)


class TestReadCell:
    async def test_tells_its_own_township_everything(self, client: httpx.AsyncClient, collection: Collection) -> None:
        page = await as_person(client, "reporter_east", address(collection))
        text = page.within("main")
        for said in (
            "外出务工人数",
            "workers的口径",
            "人",
            "81",
            "漏报一人",
            "接口",
            "reporter_east",
            "2026年9月",
            "+21",
        ):
            assert said in text, said
        assert "80 → 81" in " ".join(text.split())
        assert "svg" in page.texts
        assert len([line for line in page.texts["tr"] if "年" in line and "月" in line]) >= 12

    async def test_the_inside_alone_is_for_a_panel(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await sign_in(client, "reporter_east")
        answer = await client.get(address(collection), headers=HTML | {"x-fragment": "1"})
        page = Page(answer)
        assert answer.status_code == 200
        assert "html" not in page.texts
        assert "81" in page.text
        assert "X-Fragment" in answer.headers["vary"]

    async def test_a_township_sees_its_draft_before_it_is_submitted(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        typed = rows(workers=80)
        typed["rows"][0]["values"]["workers"] = "八十"
        async with calling(database, people, "reporter_east") as reporter:
            assert (await save(reporter, collection, typed)).status_code == 200
        page = await as_person(client, "reporter_east", address(collection))
        assert "八十" in page.within("strong")
        assert "暂存未提交" in page.within("main")
        other = await as_person(client, "registrar", address(collection))
        assert "八十" not in other.text

    async def test_the_authority_leaves_a_trace(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        page = await as_person(client, "registrar", address(collection))
        assert "81" in page.within("strong")
        async with database.transaction() as session:
            events = await session.scalars(
                select(AuditEventRow.details).where(
                    AuditEventRow.action == "data_values.read", AuditEventRow.object_id == str(collection.id)
                )
            )
            assert {"township": EAST, "elements": ["workers"], "periods": 2} in events.all()

    async def test_an_inspector_sees_no_values(self, client: httpx.AsyncClient, collection: Collection) -> None:
        page = await as_person(client, "auditor", address(collection))
        assert "workers的口径" in page.text
        assert "81" not in page.within("main")
        assert "只有填报乡镇和县数据局可以查看" in page.text

    async def test_another_township_finds_nothing(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await as_person(client, "reporter_west", address(collection), 404)

    async def test_a_department_is_refused(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await as_person(client, "steward_civil_affairs", address(collection), 403)

    @pytest.mark.parametrize(
        ("element", "division"), [("no_such", FIRST), ("workers", VILLAGES[WEST][0]), ("workers", "433124")]
    )
    async def test_what_the_form_does_not_ask_is_not_there(
        self, client: httpx.AsyncClient, collection: Collection, element: str, division: str
    ) -> None:
        await as_person(client, "reporter_east", address(collection, element, division), 404)

    async def test_says_who_reads_it_and_when_last(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        numbers = {}
        async with database.transaction() as session:
            for name, organization, divisions in (
                ("read", "civil-affairs", (EAST,)),
                ("elsewhere", "poverty-relief", (WEST,)),
                ("never", "poverty-relief", (EAST,)),
            ):
                granted = await create_grant(
                    session,
                    organization=organization,
                    steward="data-authority",
                    elements=("workers",),
                    divisions=divisions,
                    scenario=f"{name}的用途",
                )
                numbers[name] = granted.number
        with clock.travel(clock.now() + timedelta(minutes=1)) as _:
            async with calling(database, people, "client_civil_affairs", grants=(numbers["read"],)) as program:
                answer = await program.get("/api/v1/data-values", params={"elements": "workers", "period": PERIOD})
                assert answer.status_code == 200, answer.text
        text = (await as_person(client, "reporter_east", address(collection))).within("main")
        assert "read的用途" in text
        assert "共 1 次" in text
        assert "never的用途" in text
        assert "还没有读取过" in text
        assert "elsewhere的用途" not in text

    @pytest.mark.parametrize(
        ("element", "said"), [("staying", "户籍人口数 - 外出务工人数"), ("pensioners", "提供，乡镇不填")]
    )
    async def test_says_where_a_value_comes_from_that_nobody_types(
        self, client: httpx.AsyncClient, collection: Collection, element: str, said: str
    ) -> None:
        page = await as_person(client, "reporter_east", address(collection, element))
        assert said in page.within("main")
