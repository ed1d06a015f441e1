"""A township's browser, a telephone without a name, and what goes from one to the other."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from hub.app import create_app
from hub.audit.models import AuditEventRow
from hub.capture.models import Collection, Draft
from hub.delegations.models import Delegation
from hub.kit.db import Database, set_scope
from tests.people import COUNTY, EAST, VILLAGES
from tests.site.reading import HTML, Page, read, sign_in

FIRST, SECOND, _THIRD = VILLAGES[EAST]
LINK = re.compile(r"http://hub(/v/\d{9}/hubv_[\w-]{43})")


@lru_cache(maxsize=1)
def application(database: Database) -> FastAPI:
    return create_app(database)


@asynccontextmanager
async def browser(database: Database, username: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody's browser; without a name a telephone that knows nothing of the hub."""
    transport = httpx.ASGITransport(application(database), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=HTML) as opened:
        if username is not None:
            await sign_in(opened, username)
        yield opened


def desk(collection: Collection) -> str:
    return f"/collections/{collection.id}/delegations"


async def press_make(
    clerk: httpx.AsyncClient, collection: Collection, division: str = FIRST, label: str = ""
) -> httpx.Response:
    form = next(form for form in (await read(clerk, desk(collection))).forms if form.action == desk(collection))
    return await clerk.post(desk(collection), data={**form.fields, "division": division, "label": label}, headers=HTML)


async def make_link(clerk: httpx.AsyncClient, collection: Collection, division: str = FIRST, label: str = "") -> str:
    """The path of a new link."""
    answer = await press_make(clerk, collection, division, label)
    assert answer.status_code == 200, answer.text
    found = LINK.search(answer.text)
    assert found is not None, answer.text
    return found[1]


async def send(
    phone: httpx.AsyncClient, page: Page, action: str = "save", **values: str | tuple[str, str]
) -> httpx.Response:
    """Press a button of the village's page with these cells typed in it: a value, or a value and a reason."""
    path = page.response.request.url.path
    fields = dict(page.form(path).fields)
    for element, typed in values.items():
        value, reason = (typed, "") if isinstance(typed, str) else typed
        fields |= {f"v.{FIRST}.{element}": value, f"m.{FIRST}.{element}": reason}
    headers = {**HTML, "origin": "null"}
    return await phone.post(path, data={**fields, "action": action}, headers=headers)


async def the_draft(database: Database) -> dict[str, dict[str, Any]]:
    """What the township's draft holds: division, element, value."""
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        drafts = (await session.scalars(select(Draft))).all()
    return {row["division"]: row["values"] for draft in drafts for row in draft.rows}


async def links(database: Database) -> list[Delegation]:
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        return list(await session.scalars(select(Delegation).order_by(Delegation.made_at, Delegation.id)))


async def events(database: Database, *actions: str) -> list[AuditEventRow]:
    async with database.transaction() as session:
        statement = select(AuditEventRow).where(AuditEventRow.action.in_(actions)).order_by(AuditEventRow.at)
        return list(await session.scalars(statement))
