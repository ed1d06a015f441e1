"""The division tree: looked up, imported from official files, and carried on when divisions are merged."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.geography import files, repository
from hub.geography.errors import (
    DivisionClosed,
    DivisionHasChildren,
    DivisionNotFound,
    DivisionsFileInvalid,
    DivisionTaken,
    SuccessionRefused,
)
from hub.geography.files import DivisionRow, HeldParent, fault
from hub.geography.levels import Level
from hub.geography.models import Division
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _

SHIPPED = Path(__file__).parent / "data"
SHIPPED_SYSTEM, SHIPPED_YEAR = "NBS", 2023
CROSSWALK_SYSTEM, CROSSWALK_YEAR = "MCA", 2025


@dataclass(frozen=True)
class NamedPlace:
    """`lineage`: the codes from the province down to the division itself."""

    code: str
    name: str
    lineage: Sequence[str]


@dataclass(frozen=True)
class DivisionsImported:
    rows: int
    added: int
    renamed: int


async def find_division(session: AsyncSession, code: str) -> Division | None:
    return await repository.get_division(session, code)


async def find_lineage(session: AsyncSession, code: str) -> list[str] | None:
    """The codes from the province down to the division itself; None when there is no such division."""
    return await repository.get_lineage(session, code)


async def get_division(session: AsyncSession, code: str) -> Division:
    division = await repository.get_division(session, code)
    if division is None:
        raise DivisionNotFound(code)
    return division


async def get_divisions(session: AsyncSession, codes: Sequence[str]) -> dict[str, Division]:
    """The divisions of these codes that exist; a page names many at once."""
    return {division.code: division for division in await repository.list_divisions_by_code(session, codes)}


async def list_divisions(
    session: AsyncSession,
    *,
    parent: str | None = None,
    level: Level | None = None,
    q: str | None = None,
    after: str | None = None,
    limit: int,
) -> Sequence[Division]:
    """One page by code; `after` is the last code of the page before. Closed divisions are told of, never hidden."""
    text_part = q.strip() if q else ""
    return await repository.list_divisions(
        session, parent=parent, level=level, text_part=text_part or None, after=after, limit=limit
    )


async def subtree_codes(session: AsyncSession, codes: Sequence[str], level: Level, on: date) -> Sequence[str]:
    """The divisions of a level inside (or equal to) `codes` that are open on that day."""
    return [place.code for place in await repository.list_subtree(session, codes, level, on)]


async def subtree_places(session: AsyncSession, codes: Sequence[str], level: Level, on: date) -> Sequence[NamedPlace]:
    """The same with names and lineages."""
    return [NamedPlace(*place) for place in await repository.list_subtree(session, codes, level, on)]


async def list_reporting_rows(
    session: AsyncSession, counties: Sequence[str], within: str, level: Level, on: date
) -> Sequence[tuple[str, str, str]]:
    """Each village (or township) of these counties that lies inside `within`: its code, its name, its township."""
    found = await repository.list_with_parents(session, counties, within, level, on)
    return [(code, name, code if level == "township" else parent or code) for code, name, parent in found]


async def contains(session: AsyncSession, ancestor: str, code: str) -> bool:
    """True when `code` is `ancestor` or lies inside it; by lineage, since a moved division keeps its code."""
    division = await repository.get_division(session, code)
    return division is not None and ancestor in division.lineage


async def import_divisions(
    session: AsyncSession,
    actor: audit.Actor,
    file: Path,
    *,
    code_system: str = SHIPPED_SYSTEM,
    code_year: int = SHIPPED_YEAR,
) -> DivisionsImported:
    """Take over a file of divisions, whole or not at all; again, and nothing changes.

    A code that is held already keeps its place: the same system and year may only rename it, another
    system or year must mean the same place by it, and is then kept beside it in `division_codes`.
    """
    rows, faults = await asyncio.to_thread(files.read_divisions, file)
    imported = await _take_over(session, rows, faults, code_system, code_year)
    await audit.record(
        session,
        actor,
        AuditAction.DIVISIONS_IMPORT,
        "divisions",
        f"{code_system}-{code_year}",
        details={"rows": imported.rows, "added": imported.added, "renamed": imported.renamed},
    )
    return imported


async def _take_over(
    session: AsyncSession, rows: Sequence[DivisionRow], faults: Sequence[ErrorItem], code_system: str, code_year: int
) -> DivisionsImported:
    await repository.lock_tree(session)
    parents = await repository.list_divisions_by_code(session, files.foreign_parents(rows))
    held = {parent.code: HeldParent(parent.level, parent.lineage) for parent in parents}
    # Rows that could not be read are missing as parents too; those second faults would only hide the first.
    faults = faults or files.check_tree(rows, held)
    if faults:
        raise DivisionsFileInvalid(faults)
    await repository.stage_divisions(session, rows, files.lineages(rows, held))
    faults = _conflicts(await repository.list_staged_conflicts(session, code_system, code_year))
    if faults:
        raise DivisionsFileInvalid(faults)
    added, renamed = await repository.merge_staged(session, code_system, code_year)
    return DivisionsImported(len(rows), added, renamed)


def _conflicts(found: Sequence[tuple[int, str, str, str | None, bool]]) -> list[ErrorItem]:
    moved = _("区划 {code} 已登记在 {parent} 之下，不能改挂；撤并请登记承继关系")
    other = _("代码 {code} 已登记为“{name}”，不同编码体系下含义不同，请用对照表导入")
    return [
        fault(line, "code_means_another", other.format(code=code, name=name))
        if is_other
        else fault(line, "parent_changed", moved.format(code=code, parent=parent or "—"))
        for line, code, name, parent, is_other in found
    ]


async def import_crosswalk(
    session: AsyncSession, actor: audit.Actor, file: Path, *, code_system: str, code_year: int
) -> int:
    """Keep another official list's codes beside ours; the number of pairs in the file."""
    lines, faults = await asyncio.to_thread(files.read_lines, file, files.CROSSWALK_COLUMNS)
    # A place that only one of the two lists knows has no pair.
    lines = [line for line in lines if all(line.cells)]
    ours = {line.cells[0] for line in lines}
    held = {division.code for division in await repository.list_divisions_by_code(session, ours)}
    faults += [
        fault(line.number, "code_unknown", _("没有行政区划“{code}”。").format(code=line.cells[0][:20]))
        for line in lines
        if line.cells[0] not in held
    ]
    if faults:
        raise DivisionsFileInvalid(faults)
    pairs = [(theirs, own) for _number, (own, theirs) in lines]
    await repository.add_division_codes(session, code_system, code_year, pairs)
    await audit.record(
        session,
        actor,
        AuditAction.DIVISIONS_IMPORT,
        "division_codes",
        f"{code_system}-{code_year}",
        details={"rows": len(pairs)},
    )
    return len(pairs)


async def import_shipped(session: AsyncSession, actor: audit.Actor) -> DivisionsImported:
    """The prefecture that the hub carries along: its tree, and its townships' codes in the ministry's list."""
    imported = await import_divisions(session, actor, SHIPPED / "divisions_xiangxi.csv")
    await import_crosswalk(
        session,
        actor,
        SHIPPED / "township_code_crosswalk_xiangxi.csv",
        code_system=CROSSWALK_SYSTEM,
        code_year=CROSSWALK_YEAR,
    )
    return imported


async def add_division(
    session: AsyncSession,
    subject: Subject,
    *,
    code: str,
    name: str,
    level: Level,
    parent_code: str,
    code_system: str,
    code_year: int,
    opened_on: date,
) -> Division:
    """A division that came into being after the official list, such as the one two villages were merged into."""
    await repository.lock_tree(session)
    faults = files.check_row(0, code, name, level)
    parent = await repository.get_division(session, parent_code)
    if parent is not None and parent.closed_on is not None:
        raise DivisionClosed(_("上级区划 {code} 已撤销。").format(code=parent_code))
    held = {} if parent is None else {parent.code: HeldParent(parent.level, parent.lineage)}
    row = DivisionRow(0, code, name.strip(), level, parent_code)
    faults = faults or files.check_tree([row], held)
    if faults:
        raise DivisionsFileInvalid(
            [ErrorItem(_POINTERS[item.code.partition("_")[0]], item.code, item.message) for item in faults]
        )
    if await repository.get_division(session, code) is not None:
        raise DivisionTaken(_("区划代码 {code} 已被使用。").format(code=code))
    division = Division(
        code=code,
        name=row.name,
        level=level,
        parent_code=parent_code,
        lineage=list(files.lineages([row], held)[code]),
        code_system=code_system,
        code_year=code_year,
        opened_on=opened_on,
    )
    repository.add_division(session, division)
    await audit.record(session, subject.actor, AuditAction.DIVISIONS_IMPORT, "division", code, details={"added": 1})
    return division


_POINTERS = {"code": "/code", "name": "/name", "level": "/level", "parent": "/parent_code"}


async def succeed(session: AsyncSession, subject: Subject, code: str, *, successor: str, closed_on: date) -> Division:
    """Close a division that was merged into another.

    Its past values keep their place, since it keeps its code and its lineage; periods that begin after
    `closed_on` ask the successor, since `subtree_codes` no longer names it.
    """
    await repository.lock_tree(session)
    division = await get_division(session, code)
    if division.closed_on is not None:
        raise DivisionClosed(_("区划 {code} 已于 {day} 撤销。").format(code=code, day=division.closed_on.isoformat()))
    heir = await repository.get_division(session, successor)
    faults = _succession_faults(division, heir, successor, closed_on)
    if faults:
        raise SuccessionRefused(_("承继关系有 {count} 处错误。").format(count=len(faults)), errors=faults)
    if await repository.has_open_children(session, code, closed_on):
        raise DivisionHasChildren(
            _("{name}还有未撤销的下级区划，请先逐个登记它们的承继关系。").format(name=division.name)
        )
    division.closed_on = closed_on
    division.successor_code = successor
    await audit.record(
        session,
        subject.actor,
        AuditAction.DIVISION_SUCCEED,
        "division",
        code,
        details={"successor": successor, "closed_on": closed_on.isoformat()},
    )
    return division


def _succession_faults(division: Division, heir: Division | None, successor: str, closed_on: date) -> list[ErrorItem]:
    faults = []
    if heir is None:
        message = _("没有行政区划“{code}”。").format(code=successor[:20])
        faults.append(ErrorItem("/successor", "division_unknown", message))
    elif heir.code == division.code:
        faults.append(ErrorItem("/successor", "successor_same", _("不能由自己承继。")))
    elif heir.level != division.level:
        faults.append(ErrorItem("/successor", "successor_wrong_level", _("承继的区划必须是同一级。")))
    elif heir.closed_on is not None:
        faults.append(ErrorItem("/successor", "successor_closed", _("承继的区划已撤销。")))
    elif heir.opened_on is not None and heir.opened_on > closed_on:
        faults.append(ErrorItem("/successor", "successor_not_open", _("承继的区划在撤销之日还没有设立。")))
    if division.opened_on is not None and closed_on <= division.opened_on:
        faults.append(ErrorItem("/closed_on", "closed_before_opened", _("撤销日期必须晚于设立日期。")))
    return faults
