"""The desks of sign-off and review, without a browser: what each page says and does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import httpx
import pytest
from sqlalchemy import update

from hub.app import create_app
from hub.capture.models import Draft
from hub.identity.models import Person
from hub.kit import clock, json
from hub.kit.db import Database, set_scope
from tests.capture.factories import FORM, PERIOD, create_collection, rows
from tests.capture.workflow import FIRST, SECOND, Town, create_town, ok
from tests.people import EAST, PASSWORD, People


@asynccontextmanager
async def browsing(town: Town, who: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(town.database), raise_app_exceptions=False)
    headers = {"accept": "text/html"}
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
        answer = await client.post("/sign-in", data={"username": who, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        yield client


async def press(client: httpx.AsyncClient, page: str, path: str, **fields: object) -> httpx.Response:
    """Send a form of this page, with its token."""
    shown = (await client.get(page)).text
    token = shown.split('name="csrf_token" value="')[1].split('"')[0]
    return await client.post(path, data={"csrf_token": token, **fields})


class TestReviewing:
    @pytest.fixture
    async def town(self, database: Database, people: People) -> Town:
        return await create_town(database, people, review=True)

    async def test_a_return_names_cells_and_the_answer_is_seen(self, town: Town) -> None:
        await town.bring("in_review")
        path = f"/collections/{town.collection.id}"
        async with browsing(town, "registrar") as authority:
            start = (await authority.get("/")).text
            assert "1 份提交等待审核" in start
            shown = (await authority.get(path)).text
            assert f'value="{FIRST}.workers"' in shown
            assert f'value="{FIRST}.staying"' not in shown  # a derived value cannot come back
            chosen = await press(authority, path, f"{path}/return", step="choose", cells=[f"{FIRST}.workers"])
            assert f'name="reason.{FIRST}.workers"' in chosen.text
            refused = await press(authority, path, f"{path}/return", cells=[f"{FIRST}.workers"], reason=" ")
            assert refused.status_code == 422
            assert "请写明退回的原因" in refused.text
            reasons = {f"reason.{FIRST}.workers": "多一倍"}
            done = await press(
                authority, path, f"{path}/return", cells=[f"{FIRST}.workers"], reason="请核实", **reasons
            )
            assert done.status_code == 303
        async with browsing(town, "reporter_east") as township:
            todo = (await township.get("/")).text
            assert "退回原因：请核实（1 格可以修改）" in todo
            sheet = (await township.get(f"{path}/plain")).text
            assert sheet.count(" readonly") == 3 * 6 - 1  # all but the one that came back
            assert "多一倍" in sheet
            etag = sheet.split('name="etag" value="')[1].split('"')[0].replace("&#34;", '"')
            other = {f"v.{SECOND}.workers": "3", "action": "save", "etag": etag}
            touched = await press(township, f"{path}/plain", f"{path}/plain", **other)
            assert touched.status_code == 409
            assert "第2村民委员会 外出务工人数没有被退回" in touched.text
            fields = {f"v.{FIRST}.workers": "79", "action": "submit", "reason": "少报一人，已更正"}
            sent = await press(township, f"{path}/plain", f"{path}/plain", etag=etag, **fields)
            assert sent.status_code == 303, sent.text
        async with browsing(town, "registrar_two") as authority:
            shown = (await authority.get(path)).text
            assert "少报一人，已更正" in shown
            approved = await press(authority, path, f"{path}/approval", submission=(await town.held()).submission)
            assert approved.status_code == 303
        async with browsing(town, "reporter_east") as township:
            history = (await township.get(f"{path}/history")).text
        for line in ("审核通过", "县级退回", "第1村民委员会 外出务工人数：多一倍", "再次提交（网页）"):
            assert line in history
        assert await town.state() == "submitted"

    async def test_an_inspector_sees_the_way_but_no_value(self, town: Town) -> None:
        await town.bring("in_review")
        async with browsing(town, "auditor") as inspector:
            shown = (await inspector.get(f"/collections/{town.collection.id}")).text
        assert "待审核" in shown
        assert "review-scroll" not in shown

    async def test_a_workbook_for_a_locked_form_is_refused_with_every_cell(self, town: Town) -> None:
        await town.bring("returned")
        path = f"/collections/{town.collection.id}"
        draft = json.dumps(rows(male=109, female=91))
        async with browsing(town, "reporter_east") as township:
            refused = await press(township, f"{path}/plain", f"{path}/workbook/draft", draft=draft, etag="*")
        assert refused.status_code == 409
        assert refused.text.count("没有被退回，不能修改") == 6


class TestSigning:
    async def test_the_leader_sees_what_was_sent_and_signs(self, database: Database, people: People) -> None:
        town = await create_town(database, people)
        path = f"/collections/{town.collection.id}"
        async with browsing(town, "leader_east") as leader:
            chosen = await press(leader, "/", f"/townships/{EAST}/workflow", wants_sign_off="yes")
            assert chosen.status_code == 303
            ok(await town.save(rows()))
            async with browsing(town, "reporter_east") as clerk:
                assert "送签" in (await clerk.get(f"{path}/plain")).text
                sent = await press(clerk, f"{path}/plain", f"{path}/plain", action="submit")
                assert sent.headers["location"] == path
                locked = (await clerk.get(path)).text
                assert "已送签发人签发，等待期间不能修改" in locked
                assert f'action="{path}/take-back"' in locked
            assert "待签发" in (await leader.get("/")).text
            refused = await press(leader, path, f"{path}/sign-off-refusal", reason="")
            assert refused.status_code == 422
            signed = await press(leader, path, f"{path}/sign-off")
            assert signed.status_code == 303, signed.text
        receipt = (await town.get("registrar", f"submissions/{(await town.held()).submission}")).json()
        assert (receipt["submitted_by"], receipt["signed_by"]) == ("reporter_east", "leader_east")

    async def test_the_authority_may_choose_too(self, database: Database, people: People) -> None:
        town = await create_town(database, people)
        path = f"/collections/{town.collection.id}"
        async with browsing(town, "registrar") as authority:
            assert "现在：填报人直接提交" in (await authority.get(path)).text
            await press(authority, path, f"/townships/{EAST}/workflow", wants_sign_off="yes")
            assert "现在：填报人送签" in (await authority.get(path)).text


class TestInVain:
    """A button that can no longer be pressed: back on its page, with the sentence and with what was typed."""

    async def test_what_somebody_decided_a_moment_ago_is_said_on_the_page(
        self, database: Database, people: People
    ) -> None:
        town = await create_town(database, people, review=True)
        await town.bring("in_review")
        path = f"/collections/{town.collection.id}"
        number = (await town.held()).submission
        async with browsing(town, "registrar") as authority:
            shown = (await authority.get(path)).text
            token = shown.split('name="csrf_token" value="')[1].split('"')[0]
            fields = {"csrf_token": token, "submission": number}
            assert (await authority.post(f"{path}/approval", data=fields)).status_code == 303
            for button, more in (
                ("approval", {}),
                ("return", {"step": "choose", "cells": [f"{FIRST}.workers"]}),
                (
                    "return",
                    {"reason": "两处请核实", f"reason.{FIRST}.workers": "多一倍", "cells": [f"{FIRST}.workers"]},
                ),
            ):
                twice = await authority.post(f"{path}/{button}", data={**fields, **more})
                assert twice.status_code == 409
                assert 'autofocus id="refusal"' in twice.text
                assert "不能这样办理" in twice.text
                assert f'action="{path}/return"' in twice.text  # the task's own page
            assert "两处请核实" in twice.text
            assert "多一倍" in twice.text
            # A reload by its address, or a change of language there, leads to the page whose button it was.
            for button in ("approval", "lock-exceptions/1/end"):
                again = await authority.get(f"{path}/{button}")
                assert (again.status_code, again.headers["location"]) == (303, path)
        assert await town.state() == "submitted"

    async def test_a_return_over_newer_content_keeps_reasons_and_ticks(
        self, database: Database, people: People
    ) -> None:
        town = await create_town(database, people, review=True)
        await town.bring("in_review")
        path = f"/collections/{town.collection.id}"
        async with browsing(town, "registrar") as authority:
            reasons = {f"reason.{FIRST}.workers": "多一倍", "reason": "请核实"}
            moved = await press(
                authority, path, f"{path}/return", submission="S-OLD", cells=[f"{FIRST}.workers"], **reasons
            )
            assert moved.status_code == 409
            assert "乡镇已经提交了新的内容" in moved.text
            assert f'value="{FIRST}.workers" checked' in moved.text
            for name, text in reasons.items():
                assert f'<input type="hidden" name="{name}" value="{text}">' in moved.text

    async def test_a_take_back_without_a_reason_comes_back_to_the_form(
        self, database: Database, people: People
    ) -> None:
        town = await create_town(database, people, review=True)
        await town.bring("in_review")
        path = f"/collections/{town.collection.id}"
        async with browsing(town, "reporter_east") as clerk:
            for page in (path, f"{path}/plain"):
                refused = await press(clerk, page, f"{path}/take-back", reason=" ")
                assert refused.status_code == 422
                assert 'id="sheet-data"' in refused.text
                assert '<a href="#take-back-reason">请写明原因。</a>' in refused.text
            # Sent twice, the form is where it was sent; nothing is an error, and nothing is sent again.
            etag = (await clerk.get(f"{path}/plain")).text.split('name="etag" value="')[1].split('"')[0]
            twice = await press(clerk, f"{path}/plain", f"{path}/plain", action="submit", etag=etag)
            assert (twice.status_code, twice.headers["location"]) == (303, path)
            changed = {f"v.{FIRST}.workers": "7", "action": "submit", "etag": etag}
            late = await press(clerk, f"{path}/plain", f"{path}/plain", **changed)
            assert late.status_code == 409
            assert "等待期间不能修改" in late.text
            assert f'name="v.{FIRST}.workers" value="7"' in late.text
            assert (await press(clerk, path, f"{path}/take-back", reason="少报一人")).status_code == 303
            again = await press(clerk, path, f"{path}/take-back", reason="少报一人")
            assert again.status_code == 409
            assert "<blockquote>少报一人</blockquote>" in again.text
        assert await town.state() == "open"

    async def test_a_signature_that_a_rule_stands_against_leaves_nothing(
        self, database: Database, people: People
    ) -> None:
        """The world may have moved since the clerk sent it: the findings are told on the leader's page."""
        town = await create_town(database, people)
        path = f"/collections/{town.collection.id}"
        await town.sign_off()
        await town.bring("awaiting_sign_off")
        async with database.transaction() as session:
            await set_scope(session, [EAST])
            await session.execute(
                update(Draft).values(rows=[{"division": FIRST, "values": {"workers": "三"}, "missing": {}}])
            )
        async with browsing(town, "leader_east") as leader:
            refused = await press(leader, path, f"{path}/sign-off")
            assert refused.status_code == 422
            assert f'<a href="#k.{FIRST}.workers">' in refused.text
            assert "签发并提交" in refused.text
        assert await town.state() == "awaiting_sign_off"

    async def test_a_township_without_a_leader_is_told_where_the_button_stands(
        self, database: Database, people: People
    ) -> None:
        town = await create_town(database, people)
        path = f"/collections/{town.collection.id}"
        async with database.transaction() as session:
            await session.execute(
                update(Person)
                .values(disabled_at=clock.now())
                .where(Person.username.in_(["leader_east", "clerk_who_signs"]))
            )
        async with browsing(town, "registrar") as authority:
            authority.headers["referer"] = f"http://hub{path}"
            asked = await press(authority, path, f"/townships/{EAST}/workflow", wants_sign_off="yes")
            assert (asked.status_code, asked.headers["location"]) == (303, path)
            assert "还没有签发人" in (await authority.get(path)).text
            assert "还没有签发人" not in (await authority.get(path)).text


class TestStanding:
    async def test_exactly_the_late_ones_show_late(self, database: Database, people: People) -> None:
        town = await create_town(database, people, due_on=date(2026, 11, 5), opens_on=date(2026, 11, 1))
        await town.bring("submitted")
        before = await create_collection(database, people, period="2026-09")
        async with browsing(town, "registrar") as authority:
            shown = (await authority.get("/collections/standing", params={"form": FORM, "period": PERIOD})).text
        assert "2 个乡镇中，1 个已提交，1 个的数据已生效" in shown
        assert "逾期未交（1 个）：民乐镇" in shown
        assert str(before.id) not in shown.split("近期各期")[0]


class TestException:
    async def test_wants_a_reason_and_a_day(self, database: Database, people: People) -> None:
        days = {"opens_on": date(2026, 10, 1), "due_on": date(2026, 10, 9), "closes_on": date(2026, 10, 20)}
        town = await create_town(database, people, **days)
        path = f"/collections/{town.collection.id}"
        async with browsing(town, "registrar") as authority:
            refused = await press(authority, path, f"{path}/lock-exceptions", until="明天", exception_reason="洪水")
            assert refused.status_code == 422
            assert "洪水" in refused.text
            granted = await press(
                authority, path, f"{path}/lock-exceptions", until="2099-12-31", exception_reason="洪水"
            )
            assert granted.status_code == 303, granted.text
            shown = (await authority.get(path)).text
        assert "生效中" in shown
        assert await town.state() == "open"
