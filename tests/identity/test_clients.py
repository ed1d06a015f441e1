from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.service import SYSTEM
from hub.identity import clients
from tests.people import People


async def test_a_departments_second_program_gets_an_id_of_its_own(session: AsyncSession, people: People) -> None:
    made = [
        (await clients.create_client(session, SYSTEM, name=name, organization="data-authority"))[0].client_id
        for name in ("报表", "大屏", "核对")
    ]
    assert made == ["data-authority", "data-authority-2", "data-authority-3"]
