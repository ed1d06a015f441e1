"""No question, however odd, is an internal error."""

import itertools
from typing import Any

import pytest

from hub.kit.db import Database
from hub.kit.paging import encode_position
from tests.exchange.factories import calling, grant, submit
from tests.grants.factories import MIGRANTS, create_element
from tests.people import People
from tests.store.factories import make_row

ODD = (
    "",
    " ",
    ",",
    "..",
    "2026-10..",
    "..2026-10",
    "\x00",
    "😀",
    "'; DROP TABLE records; --",
    "%00",
    "9" * 400,
    "-1",
    "0000-00",
    "9999-12",
    "9998-12..9998-12",
    "２０２６-10",
    "null",
    "{}",
    "1e400",
    "NaN",
    "43",
    "43..44",
    "2026-02-30",
    "9999-12-31",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    encode_position([1, 2, 3]),
    encode_position(["\x00", "", ""]),
    encode_position(["", "", ""]),
    encode_position(["x"]),
    encode_position([9**18]),
    "WyJcdWQ4MDAiLCIiLCIiXQ",  # ["\ud800","",""]: half a character
)
NAMES = ("elements", "period", "division", "as_of", "object_class", "after", "limit")


@pytest.fixture
async def number(database: Database, people: People) -> str:
    async with database.transaction() as session:
        await create_element(session)
    await submit(database, make_row(**{MIGRANTS: 1}))
    return await grant(database)


async def test_values(database: Database, people: People, number: str) -> None:
    for name in ("client_poverty_relief", "reporter_east"):
        async with calling(database, people, name, grants=(number,)) as caller:
            for field, odd in itertools.product(NAMES, ODD):
                query = {"elements": MIGRANTS, "period": "2026-10"} | {field: odd}
                response = await caller.get("/api/v1/data-values", params=query)
                assert response.status_code < 500, (field, odd, response.text)


@pytest.mark.parametrize(
    ("path", "fields", "caller"),
    [
        ("/api/v1/changes", ("after", "limit"), "client_poverty_relief"),
        ("/api/v1/usage", ("division", "from", "to", "after", "limit"), "registrar"),
        ("/api/v1/access-grants", ("state", "after", "limit"), "registrar"),
        ("/api/v1/access-grants/{odd}", ("",), "registrar"),
        ("/api/v1/data-elements/{odd}/uses", ("",), "registrar"),
    ],
)
async def test_lists(
    database: Database, people: People, number: str, path: str, fields: tuple[str, ...], caller: str
) -> None:
    async with calling(database, people, caller, grants=(number,)) as program:
        for field, odd in itertools.product(fields, ODD):
            response = await program.get(
                path.replace("{odd}", odd.replace("\x00", "%00")), params={field: odd} if field else {}
            )
            assert response.status_code < 500, (field, odd, response.text)


async def test_bodies(database: Database, people: People, number: str) -> None:
    odd_values: tuple[Any, ...] = (*ODD, None, True, 0, -1, 2**70, 1.5, [], [None], {}, {"from": 1}, [[]])
    bodies = {
        "/api/v1/receipts": {"grant": number, "period": "2026-10", "rows": 1, "sha256": "a" * 64, "file": "x"},
        "/api/v1/access-grants": {
            "elements": [MIGRANTS],
            "divisions": ["433124"],
            "periods": {"from": "2026-01", "to": "2026-02"},
            "basis": "x",
            "scenario": "x",
            "scope": "x",
            "method": "x",
            "valid_until": "2199-12-31",
        },
    }
    async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
        for path, body in bodies.items():
            for field, odd in itertools.product(body, odd_values):
                for value in (odd, [odd], {"from": odd, "to": odd}):
                    response = await program.post(path, json=body | {field: value})
                    assert response.status_code < 500, (path, field, value, response.text)


async def test_token_requests(database: Database, people: People) -> None:
    async with calling(database, people, "registrar") as caller:
        for field, odd in itertools.product(("grant_type", "client_id", "client_secret", "scope"), ODD):
            form = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"} | {field: odd}
            response = await caller.post("/oauth/token", data=form, headers={"Authorization": ""})
            assert response.status_code < 500, (field, odd, response.text)
