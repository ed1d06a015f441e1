"""The findings of an import as a CSV file, piece by piece: there may be fifty thousand."""

from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

from hub.identity.subject import Subject
from hub.imports import service
from hub.imports.models import ImportFinding
from hub.kit.db import Database
from hub.kit.i18n import gettext as _
from hub.kit.shown import cell
from hub.kit.spreadsheets import BYTE_ORDER_MARK, csv_text

AT_ONCE = 1000


async def findings_csv(database: Database, subject: Subject, import_id: UUID) -> AsyncGenerator[bytes, None]:
    heads = (
        _("程度"),
        _("代码"),
        _("工作表"),
        _("行"),
        _("单元格"),
        _("区划代码"),
        _("数据元"),
        _("现在的值"),
        _("说明"),
    )
    yield (BYTE_ORDER_MARK + _line(heads)).encode()
    after = 0
    while True:
        async with database.transaction() as session:
            found = await service.list_findings(session, subject, import_id, after=after, limit=AT_ONCE)
        yield "".join(_line(_cells(one)) for one in found).encode()
        if len(found) < AT_ONCE:
            return
        after = found[-1].position


def _cells(one: ImportFinding) -> Sequence[str]:
    line = "" if one.line is None else str(one.line)
    return (
        one.severity,
        one.code,
        one.sheet or "",
        line,
        one.cell or "",
        one.division,
        one.element or "",
        cell(one.value),
        one.message,
    )


def _line(cells: Sequence[str]) -> str:
    """What stood in somebody's file is text here, whatever it begins with."""
    return ",".join('"' + csv_text(one).replace('"', '""') + '"' for one in cells) + "\r\n"
