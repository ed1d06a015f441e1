"""A township's own figures in a browser, and as a file."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.words import period_words
from hub.exchange import downloads, own_figures
from hub.exchange.endpoints import CanReadValues
from hub.exchange.one_grant import Preview, ValueLine
from hub.exchange.own_figures import Figure, FormChoice, FormFigures
from hub.exchange.own_workbook import write_own_workbook
from hub.exchange.streams import WORKBOOK
from hub.exchange.value_page import ValueColumn, ValueRow, columns_of, value_rows
from hub.kit import clock
from hub.kit.computing import compute
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice, cell
from hub.kit.transaction import AppDatabase, Transaction
from hub.kit.views import render
from hub.registry.words import element_label, word

router = HubRouter(tags=["exchange"])

YEARS_OFFERED = 5
# The month that is over is reported within the days after it; an older gap is somebody's to look at.
PERIODS_TRIED = 3

Year = Annotated[int | None, Query(ge=1900, le=9998)]


@dataclass(frozen=True)
class FigureLine:
    name: str
    identifier: str
    unit: str
    own: str
    county: str
    others: str
    reported: str
    why: str


@dataclass(frozen=True)
class OwnFiguresPage:
    """One form and period of the township's year: its own rows, and the county's totals beside its own."""

    unit: str
    year: int
    years: tuple[Choice, ...]
    forms: tuple[Choice, ...]
    form: str
    periods: tuple[Choice, ...]
    period: str
    lines: tuple[FigureLine, ...]
    columns: tuple[ValueColumn, ...]
    rows: tuple[ValueRow, ...]
    supplied: tuple[str, ...]


@router.get("/my-figures")
async def read_own_figures(
    request: Request,
    session: Transaction,
    database: AppDatabase,
    subject: CanReadValues,
    *,
    year: Year = None,
    form: Annotated[str, Query(max_length=100)] = "",
    period: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """What the township reported, what came back, and its county's totals."""
    chosen_year = year or clock.today().year
    forms = await own_figures.list_forms(session, chosen_year)
    choice = next((one for one in forms if one.key == form), forms[0] if forms else None)
    newest, *older = [[]] if choice is None else [[one] for one in _to_try(choice, period)]
    found = await own_figures.read_own_figures(database, session, subject, newest)
    while older and not found[0].rows:
        earlier = await own_figures.read_own_figures(database, session, subject, older.pop(0))
        found = earlier if earlier[0].rows else found
    page = await _page(session, subject.organization.name, chosen_year, forms, choice, found)
    return render(request, "own_figures.html", page)


def _to_try(choice: FormChoice, period: str) -> list[FormChoice]:
    """The period that was asked for; else the newest that are over, until one is found that was reported."""
    today = clock.today()
    asked = [one for one in choice.periods if str(one) == period]
    over = [one for one in choice.periods if one.last_day < today][:PERIODS_TRIED]
    return [replace(choice, periods=(one,)) for one in asked or over or choice.periods[:1]]


async def _page(
    session: AsyncSession,
    unit: str,
    year: int,
    forms: list[FormChoice],
    choice: FormChoice | None,
    found: list[FormFigures],
) -> OwnFiguresPage:
    this_year = clock.today().year
    shown = found[0] if found else None
    columns = columns_of(shown.elements) if shown else ()
    places = await downloads.place_names(session, [row.division for row in shown.rows] if shown else [])
    lines = (
        [ValueLine(r.division, r.period, r.entity or None, r.values, r.missing) for r in shown.rows] if shown else []
    )
    return OwnFiguresPage(
        unit=unit,
        year=year,
        years=tuple(Choice(str(one), str(one)) for one in range(this_year, this_year - YEARS_OFFERED, -1)),
        forms=tuple(
            Choice(one.key, f"{word('object_class', one.object_class)} · {word('period_type', one.period_type)}")
            for one in forms
        ),
        form=choice.key if choice else "",
        periods=tuple(Choice(str(one), period_words(str(one))) for one in choice.periods) if choice else (),
        period=str(shown.choice.periods[0]) if shown else "",
        lines=tuple(_line(figure) for figure in shown.figures) if shown else (),
        columns=columns,
        rows=value_rows(Preview(tuple(lines), has_more=False), columns, places),
        supplied=tuple(element_label(one.version) for one in shown.supplied) if shown else (),
    )


def _line(figure: Figure) -> FigureLine:
    return FigureLine(
        name=element_label(figure.element.version),
        identifier=figure.element.version.identifier,
        unit=figure.element.domain.unit or "",
        own=_number(figure.own),
        county=_number(figure.told.county),
        others=_number(figure.told.others),
        reported=f"{figure.townships_reported}/{figure.townships_expected}",
        why=figure.why,
    )


def _number(value: Decimal | None) -> str:
    return "—" if value is None else cell(value)


@router.get("/my-figures/workbook")
async def download_own_figures(
    session: Transaction, database: AppDatabase, subject: CanReadValues, *, year: Year = None
) -> Response:
    """The whole year, every form."""
    chosen = year or clock.today().year
    forms = await own_figures.list_forms(session, chosen)
    found = await own_figures.read_own_figures(database, session, subject, forms)
    codes = {row.division for of_form in found for row in of_form.rows}
    content = await compute(write_own_workbook, found, await downloads.place_names(session, sorted(codes)))
    name = _("{unit}{year}年数据.xlsx").format(unit=subject.organization.name, year=chosen)
    disposition = f"attachment; filename=\"figures-{chosen}.xlsx\"; filename*=UTF-8''{quote(name)}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return Response(content, media_type=WORKBOOK, headers=headers)
