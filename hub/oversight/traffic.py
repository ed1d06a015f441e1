"""How often whom the hub answers, and with what: counted from the read log, in calls."""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.identity import organizations
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import ErrorItem, Unprocessable
from hub.kit.i18n import gettext as _
from hub.kit.spreadsheets import BYTE_ORDER_MARK, csv_text
from hub.oversight import traffic_repository as repository
from hub.oversight.charts import Chart, stacked
from hub.oversight.traffic_repository import Step, TrafficAsked
from hub.registry.words import word

LONGEST = {"day": timedelta(days=366), "hour": timedelta(days=7)}


@dataclass(frozen=True)
class Span:
    """Days in China, both meant, told by day or by hour."""

    since: date
    until: date
    step: Step = "day"

    def to_asked(self, reader: str) -> TrafficAsked:
        since = datetime.combine(self.since, time.min, clock.CHINA)
        return TrafficAsked(since, clock.end_of_day(self.until), reader)

    def starts(self) -> list[datetime]:
        """Every day or hour of the span, also those without a call."""
        first = datetime.combine(self.since, time.min)
        days = (self.until - self.since).days + 1
        if self.step == "day":
            return [first + timedelta(days=number) for number in range(days)]
        return [first + timedelta(hours=number) for number in range(days * 24)]


@dataclass(frozen=True)
class TrafficLine:
    """One reader's calls of one service."""

    reader: str
    reader_kind: str
    organization: str
    group: str
    route: str
    calls: int
    last_at: datetime


@dataclass(frozen=True)
class TrafficTotal:
    """One reader's calls altogether, and at each start of the span."""

    reader: str
    calls: int
    at: tuple[int, ...]


@dataclass(frozen=True)
class Traffic:
    span: Span
    lines: Sequence[TrafficLine]
    totals: Sequence[TrafficTotal]
    starts: Sequence[str]
    chart: Chart


def check_span(span: Span) -> None:
    if span.until < span.since:
        message = _("结束日期早于开始日期。")
    elif span.until - span.since > LONGEST[span.step]:
        message = _("时间太长：按天最多看一年，按小时最多看七天。")
    else:
        return
    raise Unprocessable(message, errors=[ErrorItem("query:/to", "span_not_valid", message)])


async def count(session: AsyncSession, subject: Subject, span: Span, *, reader: str = "") -> Traffic:
    """Raises `Unprocessable` for a span that is none."""
    check_span(span)
    asked = span.to_asked(reader)
    over_time = await repository.count_over_time(session, asked, span.step)
    by_service = await repository.count_by_service(session, asked)
    names = {one.code: one.name for one in await organizations.list_organizations(session)}
    details = {"since": str(span.since), "until": str(span.until), "reader": reader}
    await audit.record(session, subject.actor, AuditAction.USAGE_READ, "traffic", "calls", details=details)
    starts = span.starts()
    counts: dict[str, dict[datetime, int]] = defaultdict(dict)
    for row in over_time:
        counts[row.reader][row.start] = row.calls
    totals = [
        TrafficTotal(name, sum(of.values()), tuple(of.get(start, 0) for start in starts))
        for name, of in sorted(counts.items(), key=lambda one: (-sum(one[1].values()), one[0]))
    ]
    written = [_start_words(start, span.step) for start in starts]
    drawn = {total.reader: dict(zip(written, total.at, strict=True)) for total in totals}
    return Traffic(
        span,
        [
            TrafficLine(
                row.reader,
                row.reader_kind,
                names.get(row.organization, row.organization),
                word("object_class", row.object_class),
                row.route,
                row.calls,
                row.last_at,
            )
            for row in by_service
        ],
        totals,
        written,
        stacked(written, drawn, others=_("其他")),
    )


def _start_words(start: datetime, step: Step) -> str:
    return start.strftime("%m-%d" if step == "day" else "%d %H:00")


def to_csv(found: Traffic) -> bytes:
    """A line for each day or hour with calls, reader by reader."""
    written = io.StringIO()
    out = csv.writer(written, lineterminator="\r\n")
    out.writerow(["start", "reader", "calls"])
    form = "%Y-%m-%d" if found.span.step == "day" else "%Y-%m-%d %H:00"
    for place, start in enumerate(found.span.starts()):
        for total in found.totals:
            if total.at[place]:
                out.writerow([start.strftime(form), csv_text(total.reader), total.at[place]])
    return (BYTE_ORDER_MARK + written.getvalue()).encode()
