"""The village's side: one row, merged by cell, and nothing else of the hub."""

import logging
from datetime import timedelta

import httpx
import pytest

from hub.forms import service as forms
from hub.kit import clock
from hub.kit.db import Database
from tests.capture.factories import FORM, PREVIOUS, create_collection, row, rows, save, submit
from tests.capture.workflow import Town, ok
from tests.delegations.factories import FIRST, SECOND, browser, events, links, make_link, send, the_draft
from tests.exchange.factories import calling
from tests.forms.factories import create_element
from tests.people import EAST, VILLAGES, WEST
from tests.site.reading import HTML, Page, read

GOOD = {"population": "200", "male": "110", "female": "90", "workers": "80"}


class TestForm:
    async def test_asks_one_village_and_shows_nothing_else(self, database: Database, town: Town) -> None:
        others = [row(SECOND, population=19871), row(VILLAGES[EAST][2], population=19652)]
        ok(await town.save({"rows": [row(FIRST), *others]}))
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection, label="村会计")
            page = await read(phone, path)
        assert page.within("h1") == "第1村民委员会"
        assert "村会计" in page.text
        assert page.attributes[f"v.{FIRST}.population"]["value"] == "200"
        assert page.attributes[f"v.{FIRST}.population"]["inputmode"] == "numeric"
        for of_others in (SECOND, "第2村", "19871", "19652", "/collections", "/api/", "csrf"):
            assert of_others not in page.response.text
        assert page.links == [link for link in page.links if link.startswith("#")]
        assert page.texts["output"] == ["120", "—"]  # computed and supplied: to be read, not typed

    async def test_shows_what_was_submitted_for_the_last_period(self, database: Database, town: Town) -> None:
        before = await earlier(database, town)
        assert before["workers"] == 60
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            page = await read(phone, await make_link(clerk, town.collection))
        assert "上期 60" in page.text

    async def test_headers_keep_the_address_to_itself(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            page = await read(phone, path)
            answers = [page.response, await send(phone, page, **GOOD), await phone.get(path + "x")]
            answers.append(await phone.post(path, data={}, headers={**HTML, "origin": "http://elsewhere"}))
            assert answers[-1].status_code == 403
            answers.append(await phone.post(path, data={"v": "长" * 300_000}, headers=HTML))
            assert answers[-1].status_code == 413
            answers += [await phone.get(f"/v/{EAST}/hubv_{number:043d}") for number in range(22)]
            assert answers[-1].status_code == 429
        for answer in answers:
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-store"


async def earlier(database: Database, town: Town) -> dict[str, int]:
    """The period before, submitted by the township."""
    before = await create_collection(database, town.people, period=PREVIOUS)
    async with calling(database, town.people, "reporter_east") as reporter:
        ok(await save(reporter, before, rows(workers=60)))
        ok(await submit(reporter, before))
    return {"workers": 60}


async def ask_of_the_inhabited(database: Database, town: Town) -> None:
    """A new version of the form with an element that is asked only where anybody lives."""
    async with database.transaction() as session:
        await create_element(session, "hands", name_zh="车间工人数", position=46, applies_when="population > 0")
    async with database.transaction() as session:
        await forms.publish_version(session, town.people.subject("registrar"), FORM)


class TestSaving:
    async def test_merges_into_the_draft_and_other_rows_stay(self, database: Database, town: Town) -> None:
        ok(await town.save({"rows": [row(SECOND, population=987)]}))
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            answer = await send(phone, await read(phone, path), **GOOD, income=("", "none"))
            assert (answer.status_code, answer.headers["location"]) == (303, path)
            page = await read(phone, path)
        draft = await the_draft(database)
        assert draft == {SECOND: row(SECOND, population=987)["values"], FIRST: GOOD}
        assert page.attributes[f"v.{FIRST}.workers"]["value"] == "80"
        assert "已填 5/6 格" in page.text
        (link,) = await links(database)
        assert link.filled.keys() == {*GOOD, "income"}
        assert link.saved_at is not None

    async def test_sent_twice_is_saved_once(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            page = await read(phone, await make_link(clerk, town.collection))
            for _press in range(2):
                assert (await send(phone, page, **GOOD)).status_code == 303
        assert await the_draft(database) == {FIRST: GOOD}
        (link,) = await links(database)
        assert link.contested == {}

    async def test_another_villages_cell_is_not_looked_at(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            sent = {f"v.{SECOND}.population": "1", f"w.{SECOND}.population": "", f"v.{FIRST}.staying": "7"}
            answer = await phone.post(path, data=sent, headers=HTML)
            assert answer.status_code == 303
        assert await the_draft(database) == {}

    async def test_findings_stand_at_their_fields_and_stop_nothing(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            assert "summary" not in (await read(phone, path)).attributes
            await send(phone, await read(phone, path), **GOOD | {"population": "十二", "female": "91"})
            page = await read(phone, path)
            assert "必须" in page.within(".cell-error") or "数" in page.within(".cell-error")
            assert page.attributes[f"v.{FIRST}.population"]["value"] == "十二"
            assert page.attributes[f"v.{FIRST}.population"]["aria-invalid"] == "true"
            assert f"#v.{FIRST}.population" in page.links
            asked = await send(phone, page, "hand_back")
            page = await read(phone, asked.headers["location"])
            assert "还没有交回" in page.text
            (link,) = await links(database)
            assert link.handed_back_at is None
            await send(phone, page, "hand_back_anyway")
        (link,) = await links(database)
        assert link.handed_back_at is not None
        assert (await the_draft(database))[FIRST]["population"] == "十二"

    async def test_what_is_too_long_comes_back_as_it_was_typed(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            answer = await send(phone, await read(phone, path), **GOOD | {"workers": "9" * 2001})
        assert answer.status_code == 422
        assert "9" * 2001 in answer.text
        assert "一格最多 2000 个字。" in answer.text
        assert (await the_draft(database))[FIRST] == {name: GOOD[name] for name in ("population", "male", "female")}

    async def test_what_a_rule_excuses_is_grey(self, database: Database, town: Town) -> None:
        """Whoever works in a workshop is asked of only where anybody lives."""
        await ask_of_the_inhabited(database, town)
        collection = await create_collection(database, town.people, period="2026-09")
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, collection)
            await send(phone, await read(phone, path), **GOOD | {"population": "0"})
            page = await read(phone, path)
            assert "disabled" in page.attributes[f"v.{FIRST}.hands"]
            assert "不涉及，不用填" in page.text
            await send(phone, page, population="200")
            assert "disabled" not in (await read(phone, path)).attributes[f"v.{FIRST}.hands"]

    async def test_odd_characters_are_kept_or_refused_and_break_nothing(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            answer = await send(phone, await read(phone, path), **GOOD | {"workers": "8\x000", "male": "<b>&"})
            assert answer.status_code < 500
            await read(phone, path)


class TestConflict:
    async def test_two_values_are_kept_and_neither_overwrites(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            stale = await read(phone, path)
            ok(await town.save({"rows": [{"division": FIRST, "values": {"workers": 81}}]}))
            for _press in range(2):
                await send(phone, stale, **GOOD)
            page = await read(phone, path)
            assert page.attributes[f"v.{FIRST}.workers"]["value"] == "80"
            assert "乡镇填的：81" in page.text
            assert (await the_draft(database))[FIRST] == GOOD | {"workers": 81}
            # Saved again from the page that shows both, it still overwrites nothing: the township decides.
            await send(phone, page)
            assert (await the_draft(database))[FIRST]["workers"] == 81
            # Whoever agrees with the township types its value.
            await send(phone, page, workers="81")
            assert "乡镇填的" not in (await read(phone, path)).text
        (link,) = await links(database)
        assert link.contested == {}

    async def test_taken_back_by_the_village(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            stale = await read(phone, path)
            ok(await town.save({"rows": [{"division": FIRST, "values": {"workers": 81}}]}))
            await send(phone, stale, workers="80")
            await send(phone, await read(phone, path), workers="")
            assert (await read(phone, path)).attributes[f"v.{FIRST}.workers"]["value"] == "81"


class TestEnding:
    async def test_unknown_and_ended_look_alike(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            await clerk.post(
                f"/collections/{town.collection.id}/delegations/{FIRST}/revocation",
                data={"csrf_token": await token_of(clerk, town)},
            )
            wrong = path[:-5] + "AAAAA"
            paths = [path, wrong, f"/v/{WEST}/{path.rpartition('/')[2]}", "/v/1/2", f"/v/{EAST}/hubv_"]
            answers = [await phone.get(one) for one in paths]
            answers += [await phone.post(one, data={f"v.{FIRST}.workers": "1"}) for one in paths[1:]]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.text for answer in answers}) == 1
        assert "请联系乡镇" in answers[0].text
        assert await the_draft(database) == {}

    @pytest.mark.parametrize("event", ["revocation", "submission"])
    async def test_gives_back_what_was_typed_when_the_end_overtakes_a_page(
        self, database: Database, town: Town, event: str
    ) -> None:
        """Only what was not saved yet: the rest is in the township's draft."""
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            await send(phone, await read(phone, path), population="200")
            page = await read(phone, path)
            if event == "submission":
                await town.bring("submitted")
            else:
                token = await token_of(clerk, town)
                where = f"/collections/{town.collection.id}/delegations/{FIRST}/revocation"
                await clerk.post(where, data={"csrf_token": token})
            answer = await send(phone, page, workers="<b>79", male=("", "not_yet_known"))
            assert answer.status_code == 404
        ended = Page(answer)
        assert ended.within("textarea").split() == ["男：尚不掌握", "外出务工人数：<b>79"]
        assert "刚填的 2 格没有存进去" in ended.text
        assert ended.attributes["unsaved"]["role"] == "alert"
        assert "79" not in str(await the_draft(database))

    @pytest.mark.parametrize("event", ["due", "fortnight", "submitted", "awaiting_sign_off", "renewed"])
    async def test_ends(self, database: Database, town: Town, event: str) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            (link,) = await links(database)
            assert link.expires_at == town.collection.due_at
            instant = clock.now()
            if event in {"submitted", "awaiting_sign_off"}:
                await town.bring(event)
            elif event == "renewed":
                renewed = await make_link(clerk, town.collection)
                await read(phone, renewed)
            else:
                instant += timedelta(days=15 if event == "fortnight" else 10)
            with clock.travel(instant):
                await read(phone, path, status=404)
                assert (await phone.post(path, data={f"v.{FIRST}.workers": "1"})).status_code == 404

    async def test_a_link_made_late_lives_a_fortnight(self, database: Database, town: Town) -> None:
        late = town.collection.due_at + timedelta(days=1)
        with clock.travel(late):
            async with browser(database, "reporter_east") as clerk, browser(database) as phone:
                path = await make_link(clerk, town.collection)
                await read(phone, path)
        (link,) = await links(database)
        assert timedelta(days=13) < link.expires_at - late < timedelta(days=15)

    async def test_after_a_return_only_what_came_back_is_open(self, database: Database, town: Town) -> None:
        await town.bring("returned")
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            page = await read(phone, path)
            assert "disabled" in page.attributes[f"v.{FIRST}.population"]
            assert "disabled" not in page.attributes[f"v.{FIRST}.workers"]
            assert "比上月多一倍" in page.text
            sent = {f"v.{FIRST}.population": "7", f"w.{FIRST}.population": "200", f"v.{FIRST}.workers": "79"}
            answer = await phone.post(path, data={**page.form(path).fields, **sent}, headers=HTML)
            assert answer.status_code == 422
            assert "这一格没有被退回，不能修改。" in answer.text
        held = (await the_draft(database))[FIRST]
        assert (held["population"], held["workers"]) == (200, "79")


async def token_of(clerk: httpx.AsyncClient, town: Town) -> str:
    page = await read(clerk, f"/collections/{town.collection.id}/delegations")
    return next(form.fields["csrf_token"] for form in page.forms if "csrf_token" in form.fields)


class TestKeeping:
    async def test_the_token_is_kept_nowhere(
        self, database: Database, town: Town, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            async with browser(database, "reporter_east") as clerk, browser(database) as phone:
                path = await make_link(clerk, town.collection)
                token = path.rpartition("/")[2]
                page = await read(phone, path)
                await send(phone, page, **GOOD)
                await send(phone, await read(phone, path), "hand_back")
                refused = await phone.post(path, data={}, headers={"origin": "http://elsewhere"})
                await phone.get(path + "x")
        assert refused.status_code == 403
        said = [record.getMessage() + str(vars(record)) for record in caplog.records]
        assert any("/v/{township}/{token}" in line for line in said)
        assert not any(token in line for line in said if "httpx" not in line and "http://hub" not in line)
        for event in await events(database, *ALL):
            assert token not in str(vars(event))
        (link,) = await links(database)
        assert token.encode() not in link.token_sha256

    async def test_every_step_is_told_by_whose_link(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            await send(phone, await read(phone, path), "hand_back", **GOOD)
            await phone.get(f"/v/{EAST}/hubv_{'A' * 43}")
            with clock.travel(clock.now() + timedelta(days=20)):
                await phone.get(path)
        told = {event.action: event for event in await events(database, *ALL)}
        assert told.keys() == set(ALL) - {"delegation.revoke", "delegation.settle"}
        (link,) = await links(database)
        for action in ("delegation.open", "delegation.save", "delegation.hand_back", "draft.save"):
            assert (told[action].actor_kind, told[action].actor_id) == ("link", str(link.id))
            assert "第1村民委员会" in told[action].actor_name
            assert "reporter_east" in told[action].actor_name
        assert told["delegation.save"].details | {"cells": 4, "conflicts": 0} == told["delegation.save"].details
        refused = await events(database, "delegation.refuse")
        assert {event.outcome for event in refused} == {"refused"}
        assert [event.actor_kind for event in refused] == ["anonymous", "link"]

    async def test_guessing_is_slowed_down(self, database: Database, town: Town) -> None:
        async with browser(database) as phone:
            answers = [await phone.get(f"/v/{EAST}/hubv_{number:043d}") for number in range(22)]
        assert [answer.status_code for answer in answers[:20]] == [404] * 20
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) > 0

    async def test_the_link_opens_no_other_page(self, database: Database, town: Town) -> None:
        async with browser(database, "reporter_east") as clerk, browser(database) as phone:
            path = await make_link(clerk, town.collection)
            await read(phone, path)
            token = path.rpartition("/")[2]
            for other in (f"/collections/{town.collection.id}", "/data-elements", "/"):
                assert (await phone.get(other)).status_code == 303
            answer = await phone.get("/api/v1/data-elements", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401


ALL = (
    "delegation.hand_back",
    "delegation.make",
    "delegation.open",
    "delegation.refuse",
    "delegation.revoke",
    "delegation.save",
    "delegation.settle",
    "draft.save",
)
