"""What a page had sent comes back with a failure that is nobody's fault, and is sent once more by one press."""

import httpx
import pytest

from hub.capture import sheet_desk
from hub.capture.models import Collection
from hub.delegations import filling
from hub.kit.db import Database
from hub.kit.places import Overloaded, Places
from tests.capture.factories import create_collection, create_published_form
from tests.capture.workflow import Town
from tests.delegations.factories import FIRST, browser, make_link, the_draft
from tests.people import PASSWORD, People
from tests.site.reading import HTML, Page, read, sign_in

AGAIN = "再试一次"


@pytest.fixture
async def town(database: Database, people: People) -> Town:
    await create_published_form(database, people)
    return Town(database, people, await create_collection(database, people))


def plain(collection: Collection) -> str:
    return f"/collections/{collection.id}/plain"


async def typed(clerk: httpx.AsyncClient, path: str) -> dict[str, str]:
    fields = (await read(clerk, path)).form(path).fields
    return fields | {f"v.{FIRST}.workers": "80", "action": "save"}


async def test_too_many_at_once(database: Database, town: Town) -> None:
    path = plain(town.collection)
    async with browser(database, "reporter_east") as clerk:
        fields = await typed(clerk, path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Places, "check", _full)
            refused = await clerk.post(path, data=fields)
            assert refused.status_code == 503
            assert AGAIN in refused.text
        again = Page(refused).form(path).fields
        assert await the_draft(database) == {}
        assert (await clerk.post(path, data=again)).status_code == 303
    assert (await the_draft(database))[FIRST]["workers"] == "80"


def _full(_places: Places) -> None:
    raise Overloaded("当前使用人数过多", retry_after=1)


async def test_a_fault_of_ours(database: Database, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    path = plain(town.collection)
    async with browser(database, "reporter_east") as clerk:
        fields = await typed(clerk, path)
        with monkeypatch.context() as patch:
            patch.setattr(sheet_desk, "read_posted", None)
            refused = await clerk.post(path, data=fields)
            assert refused.status_code == 500
        assert (await clerk.post(path, data=Page(refused).form(path).fields)).status_code == 303
    assert (await the_draft(database))[FIRST]["workers"] == "80"


async def test_behind_a_link(database: Database, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pages keep their address to themselves, so its forms come from nowhere."""
    headers = {**HTML, "origin": "null"}
    async with browser(database, "reporter_east") as clerk, browser(database) as phone:
        path = await make_link(clerk, town.collection)
        fields = await typed(phone, path)
        for place, name in ((Places, "check"), (filling, "save")):
            with monkeypatch.context() as patch:
                patch.setattr(place, name, _full if name == "check" else None)
                refused = await phone.post(path, data=fields, headers=headers)
            assert refused.status_code in {500, 503}
            fields = Page(refused).form(path).fields
        assert (await phone.post(path, data=fields, headers=headers)).status_code == 303
    assert (await the_draft(database))[FIRST]["workers"] == "80"


async def test_a_password_is_written_on_no_page(database: Database, people: People) -> None:
    async with browser(database) as clerk:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Places, "check", _full)
            refused = await clerk.post("/sign-in", data={"username": "reporter_east", "password": PASSWORD})
    assert Page(refused).form("/sign-in").fields == {"username": "reporter_east", "csrf_token": ""}
    assert PASSWORD not in refused.text


@pytest.mark.parametrize("is_signed_in", [True, False])
async def test_another_sites_form_never_comes_back(database: Database, town: Town, is_signed_in: bool) -> None:
    """Given back on a page of ours, it would go out in our name: after signing in, or with another try."""
    evil = {**HTML, "origin": "https://evil.example"}
    async with browser(database) as clerk:
        if is_signed_in:
            await sign_in(clerk, "reporter_east")
        with pytest.MonkeyPatch.context() as patch:
            if is_signed_in:
                patch.setattr(Places, "check", _full)
            answer = await clerk.post(plain(town.collection), data={f"v.{FIRST}.workers": "777"}, headers=evil)
    assert answer.status_code == (503 if is_signed_in else 401)
    assert "777" not in answer.text
