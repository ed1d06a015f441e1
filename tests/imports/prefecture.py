"""A hub that serves a prefecture: two more counties beside the tests' own, each with a township of two villages."""

from sqlalchemy.ext.asyncio import AsyncSession

from hub.geography.models import Division
from hub.kit.db import Database
from tests.people import People

PREFECTURE = "4331"
TOWNSHIPS = {"433101": "433101101", "433122": "433122102"}
FURTHER_VILLAGES = [f"{township}{200 + number}" for township in TOWNSHIPS.values() for number in range(2)]


async def settle_prefecture(database: Database, people: People) -> None:
    async with database.transaction() as session:
        for county, township in TOWNSHIPS.items():
            await _add(session, county, PREFECTURE, "county")
            await _add(session, township, county, "township")
        for village in FURTHER_VILLAGES:
            await _add(session, village, village[:9], "village")
        authority = people.organizations["data-authority"]
        authority.division = PREFECTURE
        await session.merge(authority)


async def _add(session: AsyncSession, code: str, parent: str, level: str) -> None:
    session.add(
        Division(
            code=code,
            name=f"区划{code}",
            level=level,
            parent_code=parent,
            lineage=[code[:length] for length in (2, 4, 6, 9, 12) if len(code) >= length],
            code_system="NBS",
            code_year=2023,
        )
    )
    await session.flush()
