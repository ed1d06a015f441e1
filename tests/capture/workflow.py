"""A task of the eastern township, brought to any state of the longer way by the people whose work that is."""

from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import select

from hub.capture.models import Collection
from hub.kit.db import Database
from tests.capture.factories import create_collection, create_published_form, rows, save, submit
from tests.exchange.factories import calling
from tests.people import EAST, VILLAGES, People

FIRST, SECOND, THIRD = VILLAGES[EAST]
REASON = {"reason": "请核实"}
CELLS = [{"division": FIRST, "element": "workers", "reason": "比上月多一倍"}]


@dataclass
class Town:
    """One task and everybody who has to do with it."""

    database: Database
    people: People
    collection: Collection

    async def post(self, who: str, noun: str, body: Any = None) -> httpx.Response:
        async with calling(self.database, self.people, who) as client:
            return await client.post(f"/api/v1/collections/{self.collection.id}/{noun}", json=body or {})

    async def get(self, who: str, path: str, **params: Any) -> httpx.Response:
        async with calling(self.database, self.people, who) as client:
            return await client.get(f"/api/v1/{path}", params=params)

    async def save(self, body: dict[str, Any], who: str = "reporter_east") -> httpx.Response:
        async with calling(self.database, self.people, who) as client:
            return await save(client, self.collection, body)

    async def submit(self, who: str = "reporter_east", **body: Any) -> httpx.Response:
        async with calling(self.database, self.people, who) as client:
            return await submit(client, self.collection, **body)

    async def held(self) -> Collection:
        async with self.database.transaction() as session:
            statement = select(Collection).where(Collection.id == self.collection.id)
            return (await session.scalars(statement)).one()

    async def state(self) -> str:
        answer = await self.get("auditor", f"collections/{self.collection.id}")
        return str(answer.json()["state"])

    async def sign_off(self, *, wanted: bool = True) -> None:
        async with calling(self.database, self.people, "leader_east") as client:
            answer = await client.put(f"/api/v1/townships/{EAST}/workflow", json={"wants_sign_off": wanted})
            assert answer.status_code == 200, answer.text

    async def bring(self, state: str) -> None:
        """From open, with a draft without a fault, to this state."""
        assert (await self.save(rows())).status_code == 200
        if state == "awaiting_sign_off":
            await self.sign_off()
            ok(await self.post("reporter_east", "sign-off-request"))
        elif state != "open":
            ok(await self.submit())
        if state == "approved":
            ok(await self.post("registrar", "approval"))
        if state == "returned":
            ok(await self.post("registrar", "return", {**REASON, "cells": CELLS}))


def ok(answer: httpx.Response) -> Any:
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


async def create_town(database: Database, people: People, **options: Any) -> Town:
    await create_published_form(database, people)
    return Town(database, people, await create_collection(database, people, **options))
