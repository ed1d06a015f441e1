"""The ground a file stands on: which divisions its rows may be about, whose tasks they belong to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period
from hub.capture import bulk as tasks
from hub.capture.locks import find_lock
from hub.capture.models import Collection
from hub.forms.content import FormContent
from hub.geography import service as geography
from hub.geography.levels import CODE_LENGTHS, county_of
from hub.imports.errors import FileRefused
from hub.imports.problems import FileProblem, listed
from hub.imports.recognition import level_of
from hub.kit import clock
from hub.kit.i18n import gettext as _

# Codes that nobody knows are looked up, to tell those of other levels and places; a list of them is never long.
LOOKED_UP = 5000


@dataclass(frozen=True)
class Township:
    """A township with rows in the file: its task, and which rows that asks for (code to name, in order)."""

    code: str
    task: Collection
    asked: Mapping[str, str]

    @property
    def is_submitted(self) -> bool:
        return self.task.submission is not None


@dataclass(frozen=True)
class Ground:
    """`township_of` covers the rows of these townships; `known` are codes that exist, wherever."""

    townships: Mapping[str, Township]
    township_of: Mapping[str, str]
    known: frozenset[str]

    @property
    def areas(self) -> list[str]:
        return sorted({county_of(code) for code in self.townships})

    @property
    def versions(self) -> set[int]:
        return {township.task.form_version for township in self.townships.values()}


async def survey(session: AsyncSession, reach: str, form: FormContent, period: Period, codes: Sequence[str]) -> Ground:
    """`FileRefused` when a township with rows has no task that takes them, naming all of them at once.

    The rows are the divisions that exist at the period's end, as on the township's own desk.
    """
    present = frozenset(codes)
    length = CODE_LENGTHS[level_of(form.object_class)]
    areas = sorted({county_of(code) for code in present if len(code) == length})
    level = level_of(form.object_class)
    asked: dict[str, dict[str, str]] = {}
    township_of = {}
    for code, name, township in await geography.list_reporting_rows(session, areas, reach, level, period.last_day):
        asked.setdefault(township, {})[code] = name
        township_of[code] = township
    concerned = sorted({township_of[code] for code in present if code in township_of})
    unknown = sorted(present - township_of.keys())[:LOOKED_UP]
    elsewhere = await geography.get_divisions(session, unknown) if unknown else {}
    found = await tasks.tasks_of(session, form.code, str(period), concerned)
    await _check_tasks(session, concerned, found, form, period)
    townships = {code: Township(code, found[code], asked[code]) for code in concerned}
    return Ground(townships, township_of, frozenset({*township_of, *elsewhere}))


async def _check_tasks(
    session: AsyncSession,
    concerned: Sequence[str],
    found: Mapping[str, Collection],
    form: FormContent,
    period: Period,
) -> None:
    now = clock.now()
    unopened = [code for code in concerned if code not in found]
    shut = [code for code in concerned if code in found and _is_shut(found[code], now)]
    waiting = [code for code in concerned if code in found and found[code].stage is not None]
    names = await geography.get_divisions(session, [*unopened[:50], *shut[:50], *waiting[:50]])
    problems = []
    if unopened:
        message = _(
            "{count} 个乡镇没有“{form}”{period}的填报任务，请先开放这一期（表 {code}，在“填报任务”页或"
            "用 POST /api/v1/collections）。"
        ).format(count=len(unopened), form=form.name, period=period, code=form.code)
        places = [f"{code} {names[code].name}" for code in unopened[:50]]
        problems.append(FileProblem("collection_not_opened", message, listed(places)))
    if shut:
        message = _("{count} 个乡镇的这项任务现在不接受首次提交（未到开放日或已关闭）。").format(count=len(shut))
        problems.append(
            FileProblem("collection_closed", message, listed([f"{code} {names[code].name}" for code in shut[:50]]))
        )
    if waiting:
        message = _("{count} 个乡镇的这项任务正在签发、审核或退回修改中，请先办理完再导入。").format(count=len(waiting))
        places = [f"{code} {names[code].name}" for code in waiting[:50]]
        problems.append(FileProblem("collection_in_review", message, listed(places)))
    if problems:
        raise FileRefused(*problems, form=form.code)


def _is_shut(task: Collection, now: datetime) -> bool:
    return task.submission is None and find_lock(task, now) is not None
