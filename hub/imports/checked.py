"""The whole of a file, checked part by part, and what is told of it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture.bulk import AreaRows
from hub.capture.rows import TypedEntry
from hub.forms import service as forms
from hub.geography.levels import CODE_LENGTHS
from hub.grants import service as grants
from hub.identity.subject import Subject
from hub.imports import storing
from hub.imports.checking import CheckedPart, Counts, check_part, parts, prepare
from hub.imports.errors import FileRefused
from hub.imports.ground import Ground, survey
from hub.imports.models import Import
from hub.imports.problems import FileProblem
from hub.imports.recognition import Recognised, read_again
from hub.kit.db import Database
from hub.kit.i18n import gettext as _

# Spelled out and kept; every finding is counted. More than 5 % bad rows of a country's 660,000 villages.
LISTED = 50_000


@dataclass(frozen=True)
class Checked:
    found: Recognised
    ground: Ground
    parts: Sequence[CheckedPart]

    @property
    def counts(self) -> Counts:
        total: Counts = Counter()
        for part in self.parts:
            total.update(part.counts)
        return total

    @property
    def refused_rows(self) -> int:
        return sum(len(part.table) - int(part.is_good.sum()) for part in self.parts)

    @property
    def has_errors(self) -> bool:
        return any(part.has_errors for part in self.parts)

    def area_rows(self, part: CheckedPart, given: Import) -> list[AreaRows]:
        return storing.area_rows(self.found.form, str(self.found.period), part, self.ground, given)

    def areas(self, given: Import) -> Iterator[AreaRows]:
        """Part by part: the text of a country's rows would not fit into memory."""
        return (rows for part in self.parts for rows in self.area_rows(part, given))

    def entries(self) -> Mapping[str, Sequence[TypedEntry]]:
        found: dict[str, list[TypedEntry]] = defaultdict(list)
        for part in self.parts:
            for township, entries in storing.entries_of(part, self.ground).items():
                found[township] += entries
        return found


async def open_ground(session: AsyncSession, reach: str, found: Recognised) -> tuple[Recognised, Ground]:
    """The divisions and tasks that the rows are about; the table read as the version those tasks ask for.

    `FileRefused` with everything that is wrong with either.
    """
    codes = found.table.division.drop_nulls().unique().to_list()
    try:
        ground = await survey(session, reach, found.form, found.period, codes)
    except FileRefused as refusal:
        raise FileRefused(*found.problems, *refusal.problems, form=found.form.code) from refusal
    versions = ground.versions
    if len(versions) > 1:
        message = _("文件里的乡镇用的是这张表的不同版本（{versions}），请分开导入。").format(
            versions="、".join(str(version) for version in sorted(versions))
        )
        raise FileRefused(FileProblem("form_versions_several", message), form=found.form.code)
    if versions and versions != {found.form.version}:
        form = await forms.get_form(session, found.form.code, versions.pop())
        found = await read_again(session, found, form)
    if found.problems:
        raise FileRefused(*found.problems, form=found.form.code)
    return found, ground


async def check_all(
    database: Database,
    subject: Subject,
    found: Recognised,
    ground: Ground,
    *,
    passed_over: Sequence[str],
    on_progress: Callable[[int], Awaitable[None]],
) -> Checked:
    """Every part, in transactions of their own that only read. Rows of the counties passed over are left out."""
    table = found.table
    if passed_over:
        area = table.division.fill_null("").str.head(CODE_LENGTHS["county"])
        table = table.filter(~area.is_in(list(passed_over)))
    done: list[CheckedPart] = []
    rows = 0
    for part in parts(table):
        async with database.transaction() as session:
            scope = await grants.read_scope(session, subject, supervising=True)
            prepared = await prepare(session, scope, found, part, ground)
        done.append(await asyncio.to_thread(check_part, found, prepared, ground))
        rows += len(part)
        await on_progress(rows)
    return Checked(found, ground, done)


def finding_rows(given: Import, checked: Checked) -> list[dict[str, Any]]:
    """In the order of the file; what is about rows that are not there comes last."""
    placed = [one for part in checked.parts for one in part.findings]
    placed.sort(key=lambda one: (one.line is None, one.line or 0))
    return [
        {
            "import_id": given.id,
            "position": position,
            "reach": given.reach,
            "severity": one.finding.severity,
            "code": one.finding.code,
            "sheet": None if one.line is None else checked.found.sheet.name,
            "line": one.line,
            "cell": one.cell,
            "division": one.finding.division,
            "element": one.finding.element,
            "elements": list(one.finding.elements),
            "rule": one.finding.rule,
            "value": one.finding.value,
            "message": one.finding.message,
        }
        for position, one in enumerate(placed[:LISTED], start=1)
    ]
