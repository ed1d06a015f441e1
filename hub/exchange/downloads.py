"""What a person downloads of a grant: Excel, CSV, Parquet. Read, logged and audited as at the counter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args
from urllib.parse import quote

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.words import period_words
from hub.exchange import one_grant
from hub.exchange.columns import column_types
from hub.exchange.media import MediaType
from hub.exchange.one_grant import Selection
from hub.exchange.plan import Plan
from hub.exchange.streams import WORKBOOK, ClosingResponse, ValueStream
from hub.exchange.workbook import MOST_ROWS, PlaceName, WorkbookContent, workbook_file
from hub.geography import service as geography
from hub.grants.held import bound_to
from hub.grants.models import AccessGrant
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.errors import Unprocessable
from hub.kit.i18n import gettext as _
from hub.kit.shown import day, instant
from hub.store import service as store

FileFormat = Literal["xlsx", "csv", "parquet"]

FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
# A workbook is made of the pages that Parquet is made of.
_READ_AS: Mapping[FileFormat, MediaType] = {
    "xlsx": "application/vnd.apache.parquet",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
_OWN_ROWS = frozenset({"village", "township"})


class TooManyRows(Unprocessable):
    code = "too_many_rows"


@dataclass(frozen=True)
class Download:
    filename: str
    media_type: str
    stream: ValueStream
    headers: Mapping[str, str]

    def response(self) -> Response:
        """The name in RFC 6266's two spellings: old programs read the plain one."""
        plain = self.filename.encode("ascii", "replace").decode().replace("?", "_")
        name = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(self.filename)}"
        headers = {**self.headers, "Content-Disposition": name, "Cache-Control": "private, no-store"}
        return ClosingResponse(self.stream.chunks(), media_type=self.media_type, headers=headers)


async def make_download(
    database: Database, session: AsyncSession, subject: Subject, selection: Selection, file_format: FileFormat
) -> Download:
    """The whole of what was chosen. Raises `TooManyRows` where a workbook would not hold it."""
    reading = await one_grant.read(database, session, subject, selection, _READ_AS[file_format])
    bound = bound_to(subject, selection.grant.number)
    write = None
    if file_format == "xlsx":
        async with database.snapshot() as snapshot:
            await _check_rows(snapshot, reading.plan)
        content = await _content(session, subject, selection, reading.plan)
        write = partial(workbook_file, content, partial(_place_names, database))
    stream = ValueStream(database, bound, reading.plan, _READ_AS[file_format], workbook=write, is_for_spreadsheets=True)
    periods = f"{selection.period}..{selection.last}" if selection.last else selection.period
    name = f"{selection.grant.number}-{selection.form.object_class}-{periods}.{file_format}"
    media_type = WORKBOOK if file_format == "xlsx" else _READ_AS[file_format]
    headers = {name: value for name, value in reading.headers.items() if name.startswith("Hub-")}
    return Download(name, media_type, stream, headers)


async def _check_rows(session: AsyncSession, plan: Plan) -> None:
    rows = await store.count_values(session, plan.scope, plan.query)
    if rows > MOST_ROWS:
        message = _("有 {rows} 行，Excel 一张表最多放 {most} 行：请缩短报告期，或下载 CSV、Parquet。")
        raise TooManyRows(message.format(rows=rows, most=MOST_ROWS))


async def _content(session: AsyncSession, subject: Subject, selection: Selection, plan: Plan) -> WorkbookContent:
    elements = await one_grant.describe(session, selection.form)
    asked = [one.version.identifier for one in elements]
    return WorkbookContent(
        elements=elements,
        types=column_types(plan.elements, asked),
        statements=_statements(subject, selection.grant, selection),
        has_entities=selection.form.object_class not in _OWN_ROWS,
    )


def _statements(subject: Subject, grant: AccessGrant, selection: Selection) -> list[tuple[str, str]]:
    last = selection.last or selection.period
    return [
        (_("授权"), grant.number),
        (_("使用场景"), grant.scenario),
        (_("使用范围"), grant.scope),
        (_("使用时限"), day(grant.valid_until)),
        (_("报告期"), period_words(selection.period) + ("" if last == selection.period else f"–{period_words(last)}")),
        (_("下载"), f"{subject.organization.name} {subject.display_name} {instant(clock.now())}"),
        (_("提醒"), _("只能用于上述场景，未经提供单位同意不得转给第三方（《政务数据共享条例》第二十五条）。")),
    ]


async def _place_names(database: Database, codes: Sequence[str]) -> Mapping[str, PlaceName]:
    async with database.snapshot() as session:
        return await place_names(session, codes)


async def place_names(session: AsyncSession, codes: Sequence[str]) -> Mapping[str, PlaceName]:
    """Villages with their townships' names."""
    divisions = await geography.get_divisions(session, codes)
    parents = {one.parent_code for one in divisions.values() if one.level == "village" and one.parent_code}
    named = await geography.get_divisions(session, sorted(parents))
    return {
        code: PlaceName(
            one.name,
            named[one.parent_code].name
            if one.level == "village" and one.parent_code in named
            else (one.name if one.level == "township" else ""),
        )
        for code, one in divisions.items()
    }
