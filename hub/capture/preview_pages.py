"""A form as townships will see it, before anybody is asked to fill it in: the face they get, with nothing to type."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar import service as calendar
from hub.calendar.periods import Period, PeriodType
from hub.calendar.words import due_words
from hub.capture.desk import CollectionTask, DraftView
from hub.capture.errors import CollectionClosed
from hub.capture.models import Collection
from hub.capture.rows import DraftRow
from hub.capture.sheet_page import SectionView, SheetPage, sheet_page
from hub.forms import service as forms
from hub.forms.content import FormContent
from hub.forms.endpoints import CanReadForms, FormCode
from hub.geography import service as geography
from hub.identity.roles import Permission
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import render
from hub.settings import settings

router = HubRouter(tags=["capture"])

# Enough to see how a township's table looks; a form is read by its columns.
MOST_ROWS = 5
DAYS_TO_FILL_IN = 9


@dataclass(frozen=True)
class FormPreviewPage(SheetPage):
    """The township's page of a task that does not exist. `code`: the form; `may_publish`: it says something new."""

    code: str = ""
    may_publish: bool = False
    next_version: int = 1
    element_count: int = 0


@router.get("/forms/{code}/preview")
async def preview_form(request: Request, session: Transaction, subject: CanReadForms, code: FormCode) -> Response:
    overview = await forms.get_overview(session, code)
    form = await forms.get_next(session, code)
    township, rows = await _rows(session, form)
    due_at = clock.now() + timedelta(days=DAYS_TO_FILL_IN)
    view = _view(form, township, rows, due_at)
    sheet = sheet_page(view, due_words(due_at, await calendar.work_calendar(session)))
    lock = CollectionClosed(_("这是预览：乡镇看到的就是这样，在这里不能填写。"))
    page = FormPreviewPage(
        **{name: getattr(sheet, name) for name in SheetPage.__dataclass_fields__ if name not in {"lock", "sections"}},
        lock=lock,
        sections=tuple(_without_take_over(section) for section in sheet.sections),
        code=code,
        may_publish=overview.is_changed and subject.may(Permission.FORM_PUBLISH),
        next_version=(overview.form.version or 0) + 1,
        element_count=len(form.fields),
    )
    return render(request, "form_preview.html", page)


def _without_take_over(section: SectionView) -> SectionView:
    return replace(section, can_take_over=False)


async def _rows(session: AsyncSession, form: FormContent) -> tuple[str, list[DraftRow]]:
    """A real township of the county with its first villages: what is seen is what they will see."""
    today, county = clock.today(), settings().county
    townships = await geography.subtree_places(session, [county], "township", today)
    for township in townships:
        places = [township]
        if form.object_class != "township":
            places = list(await geography.subtree_places(session, [township.code], "village", today))
        if places:
            return township.name, [_row(place.code, place.name) for place in places[:MOST_ROWS]]
    return _("某乡镇"), [_row("0", _("某村"))]


def _row(code: str, name: str) -> DraftRow:
    return DraftRow(code, name, {}, {}, {}, {}, {})


def _view(form: FormContent, township: str, rows: Sequence[DraftRow], due_at: datetime) -> DraftView:
    """Of a task that is added to no session: nothing of it is ever stored."""
    collection = Collection(
        id=UUID(int=0),
        form=form.code,
        form_version=0,
        object_class=form.object_class,
        period=str(Period.containing(clock.today(), cast("PeriodType", form.period_type))),
        opens_on=clock.today(),
        due_at=due_at,
        wants_sign_off=False,
        wants_review=False,
    )
    task = CollectionTask.of(collection, township, clock.now())
    return DraftView(task, form, tuple(rows), {}, "", is_typed=False, saved_at=None)
