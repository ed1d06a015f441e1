"""The township's side: links for its villages, how far each is, and who decides where two say different things."""

from datetime import timedelta

import httpx
import pytest

from hub.kit import clock
from hub.kit.db import Database
from tests.capture.factories import create_collection, row, rows
from tests.capture.workflow import Town, ok
from tests.delegations.factories import (
    FIRST,
    LINK,
    SECOND,
    browser,
    desk,
    events,
    links,
    make_link,
    press_make,
    send,
    the_draft,
)
from tests.people import EAST, VILLAGES, WEST
from tests.performance.asked import asked
from tests.site.reading import HTML, Page, read


async def press(clerk: httpx.AsyncClient, town: Town, rest: str, **fields: str) -> httpx.Response:
    page = await read(clerk, desk(town.collection))
    token = next(form.fields["csrf_token"] for form in page.forms if "csrf_token" in form.fields)
    return await clerk.post(f"{desk(town.collection)}/{rest}", data={"csrf_token": token, **fields}, headers=HTML)


class TestMaking:
    async def test_is_shown_once_with_its_square(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk:
            answer = await press_make(clerk, town.collection, label="村会计")
            found = LINK.search(answer.text)
            assert found is not None
            assert "<svg" in answer.text
            assert "style=" not in answer.text
            assert "村会计" in answer.text
            again = await read(clerk, desk(town.collection))
            assert found[1] not in again.response.text
            assert "hubv_" not in again.response.text
            assert "已发，还没打开" in again.text

    async def test_a_new_one_kills_the_old(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            old, new = [await make_link(clerk, town.collection) for _press in range(2)]
            await read(phone, old, status=404)
            await read(phone, new)
        first, second = await links(database)
        assert (first.revoked_at is None, second.revoked_at) == (False, None)

    async def test_revoked_twice_is_revoked(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            for _press in range(2):
                assert (await press(clerk, town, f"{FIRST}/revocation")).status_code == 303
            await read(phone, path, status=404)
            assert "已作废" in (await read(clerk, desk(town.collection))).text
        assert len(await events(database, "delegation.revoke")) == 1

    @pytest.mark.parametrize(
        ("division", "label", "words"),
        [
            ("", "", "请选择一个村"),
            (VILLAGES[WEST][0], "", "请选择一个村"),
            (EAST, "", "请选择一个村"),
            (FIRST, "长" * 21, "最多 20 个字"),
            (FIRST, "会计 13800000000", "不要写电话号码"),
        ],
    )
    async def test_refuses_what_is_no_village_and_no_label(
        self, database: Database, town: Town, division: str, label: str, words: str
    ) -> None:
        async with browser(database, "reporter_east") as clerk:
            answer = await press_make(clerk, town.collection, division, label)
        assert answer.status_code == 422
        assert words in Page(answer).text
        assert Page(answer).attributes["label"]["value"] == label
        assert await links(database) == []

    async def test_of_what_is_submitted_nothing_is_delegated(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk:
            page = await read(clerk, desk(town.collection))
            await town.bring("submitted")
            form = next(form for form in page.forms if form.action == desk(town.collection))
            answer = await clerk.post(desk(town.collection), data={**form.fields, "division": FIRST}, headers=HTML)
            assert answer.status_code == 409
            assert "已经提交" in answer.text
            assert "生成链接" not in (await read(clerk, desk(town.collection))).text
        assert await links(database) == []

    async def test_of_what_is_locked_neither(self, database: Database, town: Town) -> None:
        day = clock.today()
        collection = await create_collection(
            database, town.people, period="2026-09", due_on=day, closes_on=day + timedelta(days=1)
        )
        async with browser(database, "reporter_east") as clerk:
            path = await make_link(clerk, collection)
        with clock.travel(clock.now() + timedelta(days=3)):
            async with browser(database, "reporter_east") as clerk, browser(database) as phone:
                await read(phone, path, status=404)
                assert "已经关闭" in (await read(clerk, desk(collection))).text

    async def test_others_find_nothing(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk:
            await make_link(clerk, town.collection)
        async with browser(database, "reporter_west") as neighbour, browser(database, "registrar") as county:
            await read(neighbour, desk(town.collection), status=404)
            await read(county, desk(town.collection), status=403)


class TestStand:
    async def test_counts_the_cells_of_each_village(self, database: Database, town: Town) -> None:
        ok(await town.save({"rows": [row(SECOND)]}))
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            await send(phone, await read(phone, path), workers="80")
            page = await read(clerk, desk(town.collection))
            assert "1/6 格" in page.text
            assert "4/6 格" in page.text
            assert "填写中" in page.text
            await send(phone, await read(phone, path), "hand_back_anyway")
            page = await read(clerk, desk(town.collection))
            assert "交回 1 个" in page.text
            sheet = await read(clerk, f"/collections/{town.collection.id}/plain")
            assert "已发 1 个村，交回 1 个。" in sheet.text

    @pytest.mark.full_transaction
    async def test_neither_page_opens_the_sheet_twice(self, database: Database, town: Town) -> None:
        """There is nothing dearer to open: its form, its villages, what is held of each."""
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            await send(phone, await read(phone, path), workers="80")
            for client, address in ((clerk, desk(town.collection)), (phone, path)):
                with asked() as statements:
                    await read(client, address)
                villages = [one for one in statements if "level" in (one.parameters or ())]
                past = [one for one in statements if "periods" in (one.parameters or ())]
                assert (len(villages), len(past)) == (1, 1), address

    async def test_the_cell_says_that_it_came_by_a_link(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection, label="村会计")
            await send(phone, await read(phone, path), workers="80")
            cell = await read(clerk, f"/collections/{town.collection.id}/cells/{FIRST}/workers")
            assert "由第1村民委员会的链接填入（村会计），链接由 reporter_east 发出" in cell.text
            ok(await town.save(rows()))
            ok(await town.submit())
            cell = await read(clerk, f"/collections/{town.collection.id}/cells/{FIRST}/workers")
            assert "由第1村民委员会的链接填入（村会计）" in cell.text
            other = await read(clerk, f"/collections/{town.collection.id}/cells/{SECOND}/workers")
            assert "的链接填入" not in other.text


class TestSettling:
    @pytest.fixture
    async def disputed(self, database: Database, town: Town) -> Town:
        """The township says 81, the village 80."""
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            stale = await read(phone, await make_link(clerk, town.collection))
            ok(await town.save({"rows": [{"division": FIRST, "values": {"workers": 81}}]}))
            await send(phone, stale, workers="80")
        return town

    @pytest.mark.parametrize(("choice", "value"), [("village", "80"), ("township", 81)])
    async def test_either(self, database: Database, disputed: Town, choice: str, value: object) -> None:
        async with browser(database, "reporter_east") as clerk:
            sheet = await read(clerk, f"/collections/{disputed.collection.id}")
            assert "第1村民委员会 外出务工人数：表里是“81”，村里填的是“80”" in sheet.text
            plain = await read(clerk, f"/collections/{disputed.collection.id}/plain")
            assert f"e.{FIRST}.workers" in plain.attributes[f"v.{FIRST}.workers"]["aria-describedby"]
            assert "村里填的是“80”，待核定" in plain.text
            drawn = sheet.response.text.partition('<td class="n mark-conflict">')[2].partition("</td>")[0]
            assert drawn.startswith("81")
            assert "村里填的是“80”，待核定" in drawn
            page = await read(clerk, desk(disputed.collection))
            (form,) = [one for one in page.forms if one.action.endswith("settlement")]
            for _press in range(2):
                answer = await clerk.post(form.action, data={**form.fields, "choice": choice}, headers=HTML)
                assert answer.status_code == 303
            assert "村里填的是" not in (await read(clerk, f"/collections/{disputed.collection.id}")).text
        assert (await the_draft(database))[FIRST]["workers"] == value
        (event,) = await events(database, "delegation.settle")
        assert event.details["element"] == "workers"
        assert "80" not in [str(told) for told in event.details.values()]

    async def test_what_changed_since_is_decided_by_nobody(self, database: Database, disputed: Town) -> None:
        async with browser(database, "reporter_east") as clerk:
            page = await read(clerk, desk(disputed.collection))
            (form,) = [one for one in page.forms if one.action.endswith("settlement")]
            ok(await disputed.save({"rows": [{"division": FIRST, "values": {"workers": 82}}]}))
            answer = await clerk.post(form.action, data={**form.fields, "choice": "village"}, headers=HTML)
            assert answer.status_code == 303
            page = await read(clerk, desk(disputed.collection))
            assert page.attributes["refusal"]["role"] == "alert"
            assert "刚刚又有人改了" in page.text
        assert (await the_draft(database))[FIRST]["workers"] == 82
        (link,) = await links(database)
        assert "workers" in link.contested

    async def test_a_new_link_keeps_what_is_undecided(self, database: Database, disputed: Town) -> None:
        async with browser(database, "reporter_east") as clerk:
            await make_link(clerk, disputed.collection)
            assert "请核定" in (await read(clerk, desk(disputed.collection))).text
