"""Traffic by consumer and service over time (O04): a chart, the same as a table, and as a file."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from pydantic import BaseModel

from hub.kit import clock
from hub.kit.errors import ErrorItem, Unprocessable
from hub.kit.i18n import gettext as _
from hub.kit.routing import ApiRouter, HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import render
from hub.oversight import traffic
from hub.oversight.audit_endpoints import CanReadAudit
from hub.oversight.traffic import Span, Traffic
from hub.oversight.traffic_repository import Step

router = HubRouter(tags=["oversight"])
api = ApiRouter(tags=["oversight"])

DAYS_SHOWN = 14

Word = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True)
class TrafficPage:
    """`found` is None when the days asked for are none (`fault`)."""

    found: Traffic | None
    since: str
    until: str
    step: str
    reader: str
    fault: str
    export: str


class TrafficLineRead(BaseModel):
    reader: str
    organization: str
    object_class: str
    route: str
    calls: int


class TrafficRead(BaseModel):
    """`starts`: the days or hours; `readers`: each reader's calls in them."""

    starts: list[str]
    readers: dict[str, list[int]]
    services: list[TrafficLineRead]


@router.get("/traffic")
async def read_traffic(
    request: Request,
    session: Transaction,
    subject: CanReadAudit,
    *,
    since: Annotated[str, Query(alias="from", max_length=10)] = "",
    until: Annotated[str, Query(alias="to", max_length=10)] = "",
    step: Word = "day",
    reader: Word = "",
) -> Response:
    fault, found = "", None
    shown = {"from": since, "to": until, "step": step, "reader": reader.strip()}
    try:
        span = _span(since, until, step)
        shown |= {"from": str(span.since), "to": str(span.until), "step": span.step}
        found = await traffic.count(session, subject, span, reader=shown["reader"])
    except Unprocessable as refusal:
        fault = refusal.detail
    export = "/traffic/export?" + urlencode(shown)
    page = TrafficPage(found, shown["from"], shown["to"], shown["step"], shown["reader"], fault, export)
    return render(request, "traffic.html", page, status=422 if fault else 200)


@router.get("/traffic/export")
async def export_traffic(
    session: Transaction,
    subject: CanReadAudit,
    *,
    since: Annotated[str, Query(alias="from", max_length=10)] = "",
    until: Annotated[str, Query(alias="to", max_length=10)] = "",
    step: Word = "day",
    reader: Word = "",
) -> Response:
    found = await traffic.count(session, subject, _span(since, until, step), reader=reader.strip())
    headers = {"Content-Disposition": f'attachment; filename="traffic-{found.span.since}-{found.span.until}.csv"'}
    return Response(traffic.to_csv(found), media_type="text/csv; charset=utf-8", headers=headers)


@api.get("/traffic")
async def list_traffic(
    session: Transaction,
    subject: CanReadAudit,
    *,
    since: Annotated[date | None, Query(alias="from", description="first day, in China; default: 14 days ago")] = None,
    until: Annotated[date | None, Query(alias="to", description="last day; default: today")] = None,
    step: Annotated[Step, Query(description="day or hour")] = "day",
    reader: Annotated[str, Query(max_length=100, description="a client id or username")] = "",
) -> TrafficRead:
    """Calls by reader and service over time."""
    last = until or clock.today()
    found = await traffic.count(
        session, subject, Span(since or last - timedelta(days=DAYS_SHOWN - 1), last, step), reader=reader
    )
    return TrafficRead(
        starts=[start.isoformat() for start in found.span.starts()],
        readers={total.reader: list(total.at) for total in found.totals},
        services=[
            TrafficLineRead(
                reader=line.reader,
                organization=line.organization,
                object_class=line.group,
                route=line.route,
                calls=line.calls,
            )
            for line in found.lines
        ],
    )


def _span(since: str, until: str, step: str) -> Span:
    """What was typed, or the last two weeks. Raises `Unprocessable` for a day that is none."""
    last = _day(until) or clock.today()
    first = _day(since) or last - timedelta(days=DAYS_SHOWN - 1)
    return Span(first, last, "hour" if step == "hour" else "day")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        message = _("“{text}”不是日期，例如 2026-11-22。").format(text=text)
        raise Unprocessable(message, errors=[ErrorItem("query:/from", "date_not_valid", message)]) from error
