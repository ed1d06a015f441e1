"""The data of one's own grant in a browser: a look at it, and the whole of it as a file."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.exchange import downloads, one_grant
from hub.exchange.downloads import FORMATS
from hub.exchange.endpoints import CanReadValues
from hub.exchange.one_grant import Preview, Selection
from hub.exchange.questions import QuestionInvalid
from hub.exchange.value_page import ValuesPage, columns_of, period_choices, value_rows
from hub.grants.errors import NotGranted
from hub.grants.pages import Number
from hub.kit.errors import HubError, NotFound
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import AppDatabase, Transaction
from hub.kit.views import render

router = HubRouter(tags=["exchange"])

FormKey = Annotated[str, Query(max_length=100, description="which table of the grant")]
PeriodText = Annotated[str, Query(max_length=10)]
DivisionCode = Annotated[str, Query(max_length=12)]


@router.get("/access-grants/{number}/values")
async def preview_values(
    request: Request,
    session: Transaction,
    database: AppDatabase,
    subject: CanReadValues,
    number: Number,
    *,
    form: FormKey = "",
    period: PeriodText = "",
    last: PeriodText = "",
    division: DivisionCode = "",
) -> Response:
    """The first rows, through the same scope, log and audit as any read."""
    chosen = await one_grant.choose(session, subject, number, form=form, period=period, last=last, division=division)
    try:
        preview = await one_grant.preview(database, session, subject, chosen)
    except (NotGranted, QuestionInvalid) as refusal:
        page = await _page(session, chosen, Preview((), has_more=False), refusal)
        return render(request, "grant_values.html", page, status=refusal.status)
    return render(request, "grant_values.html", await _page(session, chosen, preview, None))


async def _page(session: AsyncSession, chosen: Selection, preview: Preview, refusal: HubError | None) -> ValuesPage:
    columns = columns_of(await one_grant.describe(session, chosen.form))
    places = await downloads.place_names(session, sorted({line.division for line in preview.lines}))
    asked = {"form": chosen.form.key, "period": chosen.period, "last": chosen.last, "division": chosen.division}
    errors = [] if refusal is None else [item.message for item in refusal.errors] or [refusal.detail]
    return ValuesPage(
        number=chosen.grant.number,
        scenario=chosen.grant.scenario,
        forms=tuple(Choice(one.key, one.title) for one in chosen.forms),
        form=chosen.form.key,
        periods=period_choices(chosen),
        period=chosen.period,
        last=chosen.last,
        division=chosen.division,
        columns=columns,
        rows=value_rows(preview, columns, places),
        has_more=preview.has_more,
        query=urlencode({name: value for name, value in asked.items() if value}),
        faults=tuple(dict.fromkeys(errors)),
        is_closed=isinstance(refusal, NotGranted),
    )


@router.get("/access-grants/{number}/download")
async def download_values(
    session: Transaction,
    database: AppDatabase,
    subject: CanReadValues,
    number: Number,
    *,
    file_format: Annotated[str, Query(alias="format", max_length=10, description="xlsx, csv or parquet")] = "xlsx",
    form: FormKey = "",
    period: PeriodText = "",
    last: PeriodText = "",
    division: DivisionCode = "",
) -> Response:
    """The whole result as a file, streamed; what was handed over is told to the audit log."""
    known = next((one for one in FORMATS if one == file_format), None)
    if known is None:
        raise NotFound(_("没有这种格式；可以下载 {formats}。").format(formats="、".join(FORMATS)))
    chosen = await one_grant.choose(session, subject, number, form=form, period=period, last=last, division=division)
    return (await downloads.make_download(database, session, subject, chosen, known)).response()
