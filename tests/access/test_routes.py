"""Every route × every role: let in or refused as docs/access-matrix.md says, and no route without a line there."""

import re
from collections.abc import AsyncIterator, Mapping
from uuid import UUID

import httpx
import pytest

from hub import api
from hub.app import create_app
from hub.identity.models import Person
from hub.identity.roles import Role
from hub.kit import operations
from hub.kit.db import Database
from tests.access.tables import read_table
from tests.architecture.test_permissions import each_route
from tests.people import EAST, PASSWORD_HASH, People

TABLE = read_table("Method", "Path")
ROLES = [role.value for role in Role]
CALLERS = [*ROLES, "program", "anybody"]
ORGANIZATIONS = {
    "steward": "poverty-relief",
    "requester": "poverty-relief",
    "reporter": f"township-{EAST}",
    "leader": f"township-{EAST}",
    "inspector": "inspectorate",
}
# Any well-formed name will do: who is refused is refused before anything is looked up.
PLACEHOLDERS = {
    "collection_id": UUID(int=7),
    "import_id": UUID(int=7),
    "exception_id": UUID(int=7),
    "secret_id": UUID(int=7),
    "attachment_id": UUID(int=7),
    "flag_id": UUID(int=7),
    "year": 2026,
    "job_id": 7,
}


def address(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: str(PLACEHOLDERS.get(found[1], "unknown")), path)


@pytest.fixture
async def callers(database: Database, people: People) -> AsyncIterator[Mapping[str, httpx.AsyncClient]]:
    """A person for each role who has no other, a program, and somebody without a name."""
    async with database.transaction() as session:
        for role in ROLES:
            organization = people.organizations[ORGANIZATIONS.get(role, "data-authority")]
            person = Person(
                username=f"only_{role}",
                display_name=role,
                password_hash=PASSWORD_HASH,
                must_change_password=False,
                organization_id=organization.id,
                roles=[role],
            )
            session.add(person)
            people.persons[person.username] = person
    app = create_app(database)
    opened = {}
    for caller in CALLERS:
        name = "client_poverty_relief" if caller == "program" else f"only_{caller}"
        headers = {} if caller == "anybody" else await people.authorization(name)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        opened[caller] = httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers)
    yield opened
    for client in opened.values():
        await client.aclose()


def test_every_route_has_its_line() -> None:
    routers = (operations.router, *api.root_routers, *api.routers)
    declared = {(m, r.path) for r in each_route(routers) for m in r.methods or ()}
    written = [(row["Method"], row["Path"]) for row in TABLE]
    assert sorted(written) == sorted(declared)
    assert list(TABLE[0])[2:] == CALLERS


async def test_each_role_is_let_in_or_refused(callers: Mapping[str, httpx.AsyncClient]) -> None:
    calls = 0
    for row in TABLE:
        for caller in CALLERS:
            response = await callers[caller].request(
                row["Method"], address(row["Path"]), content=b"{}", headers={"content-type": "application/json"}
            )
            is_problem = response.headers.get("content-type") == "application/problem+json"
            code = response.json()["code"] if is_problem else None
            told = f"{caller} {row['Method']} {row['Path']}: {response.status_code} {code}"
            if row[caller] == "yes":
                assert code not in {"forbidden", "unauthenticated"}, told
                assert response.status_code < 500 or row["Path"] == "/readyz", told
            else:
                refusal = (401, "unauthenticated") if caller == "anybody" else (403, "forbidden")
                assert (response.status_code, code) == refusal, told
            calls += 1
    assert calls == len(TABLE) * len(CALLERS) > 500
