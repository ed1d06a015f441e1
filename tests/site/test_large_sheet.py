"""A township's form at its usual size: 20 villages and 60 elements, 2,400 fields in one page."""

import httpx
import pytest

from hub.capture.models import Collection
from hub.forms import service as forms
from hub.geography.models import Division
from hub.kit.db import Database
from tests.capture.factories import FORM, create_collection
from tests.forms.factories import create_element
from tests.people import COUNTY, EAST, VILLAGES, People
from tests.site.reading import read, sign_in

ELEMENTS = 60
MORE_VILLAGES = [f"{EAST}{number}" for number in range(210, 227)]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    async with database.transaction() as session:
        for code in MORE_VILLAGES:
            lineage = ["43", "4331", COUNTY, EAST, code]
            name = f"{code[-3:]}村"
            session.add(
                Division(
                    code=code,
                    name=name,
                    level="village",
                    parent_code=EAST,
                    lineage=lineage,
                    code_system="NBS",
                    code_year=2023,
                )
            )
        for number in range(ELEMENTS):
            await create_element(session, f"element_{number}", topic=f"第{number // 12}节", position=number)
    async with database.transaction() as session:
        await forms.publish_version(session, people.subject("registrar"), FORM)
    return await create_collection(database, people)


async def test_is_shown_saved_and_submitted(client: httpx.AsyncClient, collection: Collection) -> None:
    await sign_in(client, "reporter_east")
    path = f"/collections/{collection.id}/plain"
    fields = (await read(client, path)).form(path).fields
    villages = [*VILLAGES[EAST], *MORE_VILLAGES]
    cells = {f"v.{village}.element_{number}": str(number) for village in villages for number in range(ELEMENTS)}
    assert cells.keys() <= fields.keys()
    answer = await client.post(path, data=fields | cells | {"action": "submit"})
    assert answer.headers["location"].startswith("/submissions/"), answer.status_code
    assert "共 20 行" in (await read(client, answer.headers["location"])).text
