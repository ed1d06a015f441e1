"""The township's desk and the authority's lists of tasks, in a browser."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar import service as calendar
from hub.calendar.periods import Period, PeriodFault
from hub.calendar.words import due_words, period_words
from hub.capture import drafting, opening, service
from hub.capture.collection_view import show_collection
from hub.capture.desk import CollectionTask
from hub.capture.endpoints import (
    CanOpenCollections,
    CanReadCollections,
    CanReadSubmissions,
    CanSubmit,
    CanWriteDrafts,
)
from hub.capture.errors import CollectionExists, CollectionRefused
from hub.capture.lifecycle import CollectionState
from hub.capture.notices import sheet_notices
from hub.capture.progress import list_row_codes
from hub.capture.review_page import steps_of
from hub.capture.reviewing import open_review
from hub.capture.sheet_desk import answer_sheet
from hub.capture.sheet_page import sheet_page
from hub.capture.task_lines import list_lines
from hub.capture.task_page import (
    CollectionFilters,
    CollectionsPage,
    HistoryPage,
    OpeningPage,
    StateCount,
    history_line,
)
from hub.capture.words import state_words
from hub.forms import service as forms
from hub.geography import service as geography
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, decode_position, encode_position
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.typed import texts
from hub.kit.views import faults_by_field, render, see_other
from hub.settings import settings

router = HubRouter(tags=["capture"])

LINES_OF_A_PAGE = 100

Filter = Annotated[str, Query(max_length=40)]


@router.get("/collections")
async def list_collections(
    request: Request,
    session: Transaction,
    subject: CanReadCollections,
    *,
    period: Filter = "",
    state: Filter = "",
    township: Filter = "",
    after: After = None,
) -> Response:
    """Newest period first, with how many have submitted."""
    position = decode_position(after, length=3)
    found = await service.list_collections(
        session,
        subject,
        township=township or None,
        period=_spelled(period),
        state=state if state in get_args(CollectionState) else None,  # type: ignore[arg-type]  # checked just here
        after=None if position is None else (str(position[0]), str(position[1]), str(position[2])),
        limit=LINES_OF_A_PAGE + 1,
    )
    shown = found[:LINES_OF_A_PAGE]
    filters = CollectionFilters(period, state, township)
    page = CollectionsPage(
        counts=await _counts(session, subject),
        lines=tuple(await list_lines(session, subject, shown)),
        filters=filters,
        townships=await _townships(session),
        submitted=sum(task.is_submitted for task in shown),
        late=sum(task.is_late and not task.is_submitted for task in shown),
        next=_next(filters, shown[-1]) if len(found) > LINES_OF_A_PAGE else None,
        may_open=subject.may(Permission.COLLECTION_OPEN),
    )
    return render(request, "collections.html", page)


async def _counts(session: AsyncSession, subject: Subject) -> tuple[StateCount, ...]:
    """What is under way on the longer way, each with its number; nothing where nobody chose that way."""
    counted = await service.count_stages(session, subject)
    return tuple(StateCount(state, state_words(state), count) for state, count in counted.items() if count)


def _spelled(period: str) -> str | None:
    """A period as it is stored; something that is none finds nothing, and the field shows what was typed."""
    try:
        return str(Period.parse(period)) if period else None
    except PeriodFault:
        return period


def _next(filters: CollectionFilters, last: CollectionTask) -> str:
    collection = last.collection
    position = encode_position([collection.period, collection.township, collection.form])
    asked = {"period": filters.period, "state": filters.state, "township": filters.township, "after": position}
    return "/collections?" + urlencode({name: value for name, value in asked.items() if value})


async def _townships(session: AsyncSession) -> tuple[Choice, ...]:
    codes = await geography.subtree_codes(session, [settings().county], "township", clock.today())
    found = await geography.get_divisions(session, list(codes))
    return tuple(Choice(code, found[code].name) for code in codes)


@router.get("/collections/new")
async def read_opening(request: Request, session: Transaction, subject: CanOpenCollections) -> Response:
    return render(request, "opening.html", OpeningPage(await _published(session), {}, {}))


@router.post("/collections")
async def open_period(request: Request, session: Transaction, subject: CanOpenCollections) -> Response:
    typed = texts(await request.form())
    days, faults = _read_days(typed)
    if not faults:
        try:
            opened = await opening.open_period(
                session,
                subject,
                form=typed.get("form", ""),
                period=typed.get("period", ""),
                opens_on=days["opens_on"],
                due_on=days["due_on"],
                closes_on=days["closes_on"],
                review=typed.get("review") == "yes",
            )
        except (CollectionRefused, CollectionExists) as refusal:
            faults = list(refusal.errors) or [ErrorItem("/period", refusal.code, refusal.detail)]
        else:
            warnings = "".join(_("{warning}。").format(warning=warning.message) for warning in opened.warnings)
            notice = _("已向 {count} 个乡镇开放。").format(count=len(opened.tasks)) + warnings
            return see_other("/collections?" + urlencode({"period": opened.tasks[0].collection.period}), notice=notice)
    page = OpeningPage(await _published(session), typed, faults_by_field(faults))
    return render(request, "opening.html", page, status=422)


def _read_days(typed: Mapping[str, str]) -> tuple[dict[str, date | None], list[ErrorItem]]:
    days: dict[str, date | None] = {}
    faults = []
    for name in ("opens_on", "due_on", "closes_on"):
        text = typed.get(name, "")
        try:
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            faults.append(ErrorItem(f"/{name}", "date_not_valid", _("必须是日期，例如 2026-11-22。")))
    return days, faults


async def _published(session: AsyncSession) -> tuple[Choice, ...]:
    overviews = await forms.list_forms(session)
    return tuple(
        Choice(one.form.code, _("{name}（第{version}版）").format(name=one.form.name, version=one.form.version))
        for one in overviews
        if one.form.version is not None
    )


@router.get("/collections/{collection_id}")
async def read_collection(
    request: Request, session: Transaction, subject: CanReadCollections, collection_id: UUID
) -> Response:
    return await show_collection(
        request, session, subject, await service.get_collection(session, subject, collection_id)
    )


@router.get("/collections/{collection_id}/plain")
async def read_plain_sheet(
    request: Request, session: Transaction, subject: CanReadCollections, collection_id: UUID
) -> Response:
    """The form as fields, for a browser without JavaScript and for whoever likes that better."""
    view = await drafting.get_draft(session, subject, collection_id)
    due = due_words(view.task.collection.due_at, await calendar.work_calendar(session))
    notices = await sheet_notices(request, session, subject, view)
    return render(request, "sheet.html", replace(sheet_page(view, due), notices=notices))


@router.post("/collections/{collection_id}/plain")
async def write_collection(
    request: Request, session: Transaction, subject: CanWriteDrafts, submitter: CanSubmit, collection_id: UUID
) -> Response:
    """Save, take over, check or submit: everything typed comes along with every button."""
    return await answer_sheet(request, session, subject, collection_id)


@router.get("/collections/{collection_id}/history")
async def read_history(
    request: Request,
    session: Transaction,
    subject: CanReadSubmissions,
    collection_id: UUID,
    *,
    division: Filter = "",
    element: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    task = await service.get_collection(session, subject, collection_id)
    collection = task.collection
    found = await service.list_history(
        session, subject, collection_id, division=division or None, element=element or None
    )
    form = await forms.get_form(session, collection.form, collection.form_version)
    divisions = await geography.get_divisions(session, await list_row_codes(session, collection))
    places = {code: division.name for code, division in sorted(divisions.items())}
    page = HistoryPage(
        id=str(collection_id),
        form_name=form.name,
        period=period_words(collection.period),
        township=task.township_name,
        lines=tuple(history_line(entry, form, places) for entry in reversed(found)),
        divisions=tuple(Choice(code, name) for code, name in places.items()),
        elements=tuple(Choice(one.identifier, one.spec.label) for one in form.fields),
        division=division,
        element=element,
        steps=steps_of(await open_review(session, subject, task, shows_values=False)),
    )
    return render(request, "history.html", page)
