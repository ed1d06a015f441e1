"""The check of a file's rows, some counties at a time: the findings of every other door, with sheet, line and cell."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

import polars as pl
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period
from hub.forms.content import FormContent
from hub.geography.levels import CODE_LENGTHS, county_of
from hub.imports.ground import Ground
from hub.imports.recognition import Recognised
from hub.imports.table import FileTable
from hub.kit.i18n import gettext as _
from hub.kit.uploads.places import cell_name
from hub.store import bulk_past as past
from hub.store.bulk_past import HeldRows, Statistic
from hub.store.scope import ReadScope
from hub.validation import ElementSpec, Finding, LookBack, Severity
from hub.validation.bulk import FINDINGS_LISTED, check_table
from hub.validation.lookback import FEWEST_HELD
from hub.validation.table import Held, Table, TableReport

ROWS_AT_ONCE = 10_000
FORMULA, HIDDEN = "value-is-formula", "row-hidden"

_KINDS: Mapping[LookBack, Literal["mean", "deviation"]] = MappingProxyType(
    {LookBack.USUAL: "mean", LookBack.SPREAD: "deviation"}
)

Counts = Counter[tuple[Severity, str]]


@dataclass(frozen=True)
class FileFinding:
    """A finding with its place. No `line`: it is about a row that is not in the file."""

    finding: Finding
    line: int | None
    cell: str | None


@dataclass(frozen=True)
class CheckedPart:
    """Some counties of the file, checked. `values` and `missing` are typed, row by row as in `table`."""

    table: FileTable
    values: pl.DataFrame
    missing: pl.DataFrame
    is_good: pl.Series
    counts: Counts
    findings: tuple[FileFinding, ...]

    @property
    def has_errors(self) -> bool:
        return any(severity == "error" for severity, _code in self.counts)


def parts(table: FileTable) -> Iterator[FileTable]:
    """The table in parts of whole counties, not many rows each unless one county has many."""
    area = table.division.fill_null("").str.head(CODE_LENGTHS["county"])
    sizes = area.value_counts(name="rows").sort(area.name).rows()
    chosen: list[str] = []
    rows = 0
    for code, count in sizes:
        if chosen and rows + count > ROWS_AT_ONCE:
            yield table.filter(area.is_in(chosen))
            chosen, rows = [], 0
        chosen.append(code)
        rows += count
    if chosen:
        yield table.filter(area.is_in(chosen)) if len(chosen) < len(sizes) else table


@dataclass(frozen=True)
class Prepared:
    """A part with everything its check needs: from here on the database is not asked."""

    file: FileTable
    table: Table
    expected: Mapping[str, str]


async def prepare(
    session: AsyncSession, scope: ReadScope, found: Recognised, table: FileTable, ground: Ground
) -> Prepared:
    form, period = found.form, found.period
    present = set(table.division.to_list())
    townships = sorted({ground.township_of[code] for code in present if code in ground.township_of})
    asked = {code: name for township in townships for code, name in ground.townships[township].asked.items()}
    rows = HeldRows(sorted({county_of(code) for code in townships}), form.object_class)
    held = await _held_now(session, scope, rows, form, period, table)
    is_held = set(held["division"].to_list())
    checked = Table(
        keys=_keys(table, asked),
        cells=_with_absent_columns(table, held),
        missing=table.missing if table.missing.width else None,
        past=await look_back_on(session, scope, rows, form, period),
        supplied=await _supplied(session, scope, rows, form, period),
    )
    expected = {code: name for code, name in asked.items() if code in present or code not in is_held}
    return Prepared(table, checked, expected)


def check_part(found: Recognised, prepared: Prepared, ground: Ground) -> CheckedPart:
    """CPU-bound, seconds for a province: call it off the event loop and outside any transaction."""
    report = check_table(
        found.form.spec, prepared.table, expected_divisions=prepared.expected, known_divisions=ground.known
    )
    return _located(found, prepared.file, report)


def _keys(table: FileTable, names: Mapping[str, str]) -> pl.DataFrame:
    division = table.division.fill_null("")
    named = pl.DataFrame(
        {"division": list(names), "division_name": list(names.values())},
        schema_overrides={"division": pl.String, "division_name": pl.String},
    )
    return division.to_frame("division").join(named, on="division", how="left", maintain_order="left")


async def _held_now(
    session: AsyncSession, scope: ReadScope, rows: HeldRows, form: FormContent, period: Period, table: FileTable
) -> pl.DataFrame:
    """What is held for this very period: rows that need not come again, and columns that the file leaves alone."""
    absent = [field.identifier for field in form.captured if field.identifier not in table.cells.columns]
    wanted = absent or [form.captured[0].identifier]
    held = await past.select_columns(session, scope, rows, str(period), wanted)
    return held.filter(pl.col("entity") == "").select("division", *absent)


def _with_absent_columns(table: FileTable, held: pl.DataFrame) -> pl.DataFrame:
    absent = [name for name in held.columns if name != "division" and held[name].null_count() < held.height]
    if not absent:
        return table.cells
    kept = table.division.to_frame("division").join(
        held.select("division", *absent), on="division", how="left", maintain_order="left"
    )
    return table.cells.hstack(kept.select(absent))


async def look_back_on(
    session: AsyncSession, scope: ReadScope, rows: HeldRows, form: FormContent, period: Period
) -> dict[LookBack, Held]:
    """All that the form's rules and derivations want of the past of these counties."""
    found = {}
    for look_back, elements in form.spec.plan.looked_back.items():
        periods = [str(passed) for passed in look_back.periods(period)]
        if look_back.is_statistic:
            wanted = [_statistic(look_back, one) for one in elements]
            frame = await past.select_statistics(session, scope, rows, periods, wanted, fewest=FEWEST_HELD)
            frame = frame.rename({statistic.column: statistic.identifier for statistic in wanted})
        else:
            identifiers = [one.identifier for one in elements]
            frame = await past.select_columns(session, scope, rows, periods[0], identifiers)
        found[look_back] = _held(frame)
    return found


def _statistic(look_back: LookBack, element: ElementSpec) -> Statistic:
    domain = element.domain
    return Statistic(
        element.identifier,
        _KINDS[look_back],
        look_back.domain(domain).decimals or 0,
        -past.WIDEST if domain.minimum is None else Decimal(domain.minimum),
        past.WIDEST if domain.maximum is None else Decimal(domain.maximum),
    )


async def _supplied(
    session: AsyncSession, scope: ReadScope, rows: HeldRows, form: FormContent, period: Period
) -> Held | None:
    identifiers = [field.identifier for field in form.supplied]
    if not identifiers:
        return None
    return _held(await past.select_columns(session, scope, rows, str(period), identifiers))


def _held(frame: pl.DataFrame) -> Held:
    return Held(frame.select(past.KEYS), frame.drop(past.KEYS))


def _located(found: Recognised, table: FileTable, report: TableReport) -> CheckedPart:
    lines = table.rows.to_list()
    findings = [
        FileFinding(
            placed.finding,
            None if placed.row is None else lines[placed.row] + 1,
            None if placed.row is None else _cell(found, lines[placed.row], placed.finding.element),
        )
        for placed in report.findings
    ]
    counts: Counts = Counter(report.counts)
    odd, has_formula = _shape_findings(found, table)
    counts.update((one.finding.severity, one.finding.code) for one in odd)
    return CheckedPart(
        table,
        report.values,
        report.missing,
        report.is_good & ~has_formula,
        counts,
        tuple(findings + odd[: max(FINDINGS_LISTED - len(findings), 0)]),
    )


def _cell(found: Recognised, row: int, element: str | None) -> str | None:
    column = found.layout.division
    if element is not None:
        column = found.layout.values.get(element, found.layout.reasons.get(element, column))
    return None if column is None else cell_name(row, column)


def _shape_findings(found: Recognised, table: FileTable) -> tuple[list[FileFinding], pl.Series]:
    """What the sheet hides: a figure that a formula made, and rows that nobody sees."""
    sheet, columns = found.sheet, {number: identifier for identifier, number in found.layout.values.items()}
    captured = set(table.cells.columns)
    places = {row: place for place, row in enumerate(table.rows.to_list())}
    findings, with_formula = [], [False] * len(table)
    for row, column in sorted(sheet.formulas):
        identifier = columns.get(column)
        if row in places and identifier in captured and identifier is not None:
            with_formula[places[row]] = True
            label = found.form.spec.by_identifier[identifier].label
            message = _("{name}：这一格是公式，请粘贴为数值").format(name=label)
            findings.append(_shape_finding(FORMULA, "error", message, table, places[row], row, column, (identifier,)))
    for row in sorted(sheet.hidden_rows & places.keys()):
        message = _("这一行是隐藏的，请确认要导入")
        column = found.layout.division or 0
        findings.append(_shape_finding(HIDDEN, "warning", message, table, places[row], row, column, ()))
    return findings, pl.Series(with_formula, dtype=pl.Boolean)


def _shape_finding(
    code: str,
    severity: Severity,
    message: str,
    table: FileTable,
    place: int,
    row: int,
    column: int,
    elements: Sequence[str],
) -> FileFinding:
    finding = Finding(
        severity,
        code,
        message,
        division=table.division[place] or "",
        element=elements[0] if elements else None,
        elements=tuple(elements),
    )
    return FileFinding(finding, row + 1, cell_name(row, column))
