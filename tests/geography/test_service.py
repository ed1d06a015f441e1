from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.audit.service import SYSTEM
from hub.geography import service
from hub.geography.errors import (
    DivisionClosed,
    DivisionHasChildren,
    DivisionsFileInvalid,
    DivisionTaken,
    SuccessionRefused,
)
from hub.geography.models import Division, DivisionCode
from tests.people import COUNTY, EAST, VILLAGES, WEST, People

HEAD = "code,name,level,parent_code\n"
FIRST, SECOND, THIRD = VILLAGES[EAST]


def write(folder: Path, lines: str) -> Path:
    path = folder / "divisions.csv"
    path.write_text(HEAD + lines, encoding="utf-8")
    return path


async def count(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Division)) or 0


async def meant(session: AsyncSession, code_system: str, code_year: int, code: str) -> tuple[str, str] | None:
    """The division that another official list means by a code."""
    found = (
        await session.execute(
            select(Division.code, Division.name)
            .join(DivisionCode, DivisionCode.division_code == Division.code)
            .where(
                DivisionCode.code_system == code_system, DivisionCode.code_year == code_year, DivisionCode.code == code
            )
        )
    ).one_or_none()
    return None if found is None else (found.code, found.name)


class TestImportDivisions:
    async def test_loads_what_the_hub_ships_once(self, session: AsyncSession) -> None:
        first = await service.import_shipped(session, SYSTEM)
        again = await service.import_shipped(session, SYSTEM)
        assert (first.rows, first.added) == (1923, 1923)
        assert (again.rows, again.added, again.renamed) == (1923, 0, 0)
        villages = await service.subtree_codes(session, [COUNTY], "village", date(2026, 1, 1))
        assert len(villages) == 228
        assert len(await service.subtree_codes(session, [COUNTY], "township", date(2026, 1, 1))) == 12
        found = await service.get_division(session, villages[0])
        assert found.lineage == ["43", "4331", COUNTY, villages[0][:9], villages[0]]
        events = (await session.scalars(select(AuditEventRow).where(AuditEventRow.object_type == "divisions"))).all()
        assert [event.details["added"] for event in events] == [1923, 0]

    async def test_looks_up_the_other_list_instead_of_joining(self, session: AsyncSession) -> None:
        await service.import_shipped(session, SYSTEM)
        assert await meant(session, "MCA", 2025, "433101007") == ("433101004", "乾州街道")
        assert await meant(session, "MCA", 2024, "433101007") is None

    async def test_half_loads_nothing(self, session: AsyncSession, people: People, tmp_path: Path) -> None:
        before = await count(session)
        file = write(tmp_path, f"433124104,丙镇,township,{COUNTY}\n433124105200,丁村,village,433124105\n")
        with pytest.raises(DivisionsFileInvalid) as refused:
            await service.import_divisions(session, SYSTEM, file)
        assert [(item.pointer, item.code) for item in refused.value.errors] == [("line:3", "parent_unknown")]
        assert await count(session) == before

    async def test_renames_but_never_moves(self, session: AsyncSession, people: People, tmp_path: Path) -> None:
        imported = await service.import_divisions(
            session, SYSTEM, write(tmp_path, f"{FIRST},新名村民委员会,village,{EAST}\n")
        )
        assert (imported.added, imported.renamed) == (0, 1)
        with pytest.raises(DivisionsFileInvalid) as refused:
            await service.import_divisions(session, SYSTEM, write(tmp_path, f"{FIRST},新名,village,{WEST}\n"))
        assert [item.code for item in refused.value.errors] == ["parent_changed"]

    async def test_another_list_must_mean_the_same_place(
        self, session: AsyncSession, people: People, tmp_path: Path
    ) -> None:
        same = write(tmp_path, f"{EAST},龙潭镇,township,{COUNTY}\n")
        await service.import_divisions(session, SYSTEM, same, code_system="MCA", code_year=2025)
        held = await service.get_division(session, EAST)
        assert await meant(session, "MCA", 2025, EAST) == (held.code, held.name)
        assert (held.code_system, held.code_year) == ("NBS", 2023)
        other = write(tmp_path, f"{EAST},另一镇,township,{COUNTY}\n")
        with pytest.raises(DivisionsFileInvalid) as refused:
            await service.import_divisions(session, SYSTEM, other, code_system="MCA", code_year=2025)
        assert [item.code for item in refused.value.errors] == ["code_means_another"]


class TestSucceed:
    async def test_new_periods_ask_the_successor(self, session: AsyncSession, people: People) -> None:
        subject = people.subject("administrator")
        await service.succeed(session, subject, FIRST, successor=SECOND, closed_on=date(2026, 7, 1))
        await session.flush()
        before = await service.subtree_codes(session, [EAST], "village", date(2026, 6, 30))
        after = await service.subtree_codes(session, [EAST], "village", date(2026, 7, 1))
        assert before == [FIRST, SECOND, THIRD]
        assert after == [SECOND, THIRD]
        assert await service.contains(session, COUNTY, FIRST)
        assert not await service.contains(session, WEST, FIRST)

    async def test_two_villages_become_a_third(self, session: AsyncSession, people: People) -> None:
        subject = people.subject("administrator")
        await service.add_division(
            session,
            subject,
            code="433124102210",
            name="合并村民委员会",
            level="village",
            parent_code=EAST,
            code_system="NBS",
            code_year=2026,
            opened_on=date(2026, 7, 1),
        )
        await session.flush()
        for code in (FIRST, SECOND):
            await service.succeed(session, subject, code, successor="433124102210", closed_on=date(2026, 7, 1))
        await session.flush()
        assert await service.subtree_codes(session, [EAST], "village", date(2026, 6, 1)) == [FIRST, SECOND, THIRD]
        assert await service.subtree_codes(session, [EAST], "village", date(2026, 8, 1)) == [THIRD, "433124102210"]

    @pytest.mark.parametrize(
        ("successor", "code"),
        [
            ("433124999999", "division_unknown"),
            (FIRST, "successor_same"),
            (WEST, "successor_wrong_level"),
        ],
    )
    async def test_refuses_what_cannot_succeed(
        self, session: AsyncSession, people: People, successor: str, code: str
    ) -> None:
        with pytest.raises(SuccessionRefused) as refused:
            await service.succeed(
                session, people.subject("administrator"), FIRST, successor=successor, closed_on=date(2026, 7, 1)
            )
        assert [item.code for item in refused.value.errors] == [code]

    async def test_never_makes_a_circle(self, session: AsyncSession, people: People) -> None:
        subject = people.subject("administrator")
        await service.succeed(session, subject, FIRST, successor=SECOND, closed_on=date(2026, 7, 1))
        await session.flush()
        with pytest.raises(SuccessionRefused) as refused:
            await service.succeed(session, subject, SECOND, successor=FIRST, closed_on=date(2026, 8, 1))
        assert [item.code for item in refused.value.errors] == ["successor_closed"]
        with pytest.raises(DivisionClosed):
            await service.succeed(session, subject, FIRST, successor=THIRD, closed_on=date(2026, 8, 1))

    async def test_a_township_with_villages_is_not_closed(self, session: AsyncSession, people: People) -> None:
        with pytest.raises(DivisionHasChildren):
            await service.succeed(
                session, people.subject("administrator"), EAST, successor=WEST, closed_on=date(2026, 7, 1)
            )


class TestAddDivision:
    async def test_refuses_a_code_that_is_taken(self, session: AsyncSession, people: People) -> None:
        with pytest.raises(DivisionTaken):
            await service.add_division(
                session,
                people.subject("administrator"),
                code=FIRST,
                name="甲村",
                level="village",
                parent_code=EAST,
                code_system="NBS",
                code_year=2026,
                opened_on=date(2026, 7, 1),
            )
