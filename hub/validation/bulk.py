"""The check of a whole county's or province's rows: the findings of `check`, read and judged a column at a time.

Rows are taken in slices, so that memory beyond the table and its typed values stays that of one slice. Findings
are counted by masks; the few that are listed are spelled out by `examine`, the very function behind `check`.
"""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence

import polars as pl

from hub.kit.i18n import Language, current_language, use_language
from hub.validation.alignment import FIRST, ROW, AlignedHeld, in_order_of_rows, keys_of, ordered, rows_of
from hub.validation.check import absent_rows, examine
from hub.validation.columns import nothing
from hub.validation.form import FormSpec
from hub.validation.lookback import LookBack
from hub.validation.plan import FormPlan, polars_type
from hub.validation.report import Row
from hub.validation.slices import JudgedSlice, Slice, SliceJudge
from hub.validation.specification import Severity
from hub.validation.table import DIVISION, NAME, REASON, PlacedFinding, Table, TableReport

ROWS_AT_ONCE = 100_000
FINDINGS_LISTED = 10_000
ROWS_SPELLED_OUT_AT_ONCE = 500


def check_table(
    spec: FormSpec,
    table: Table,
    *,
    language: Language | None = None,
    expected_divisions: Mapping[str, str] | None = None,
    known_divisions: Container[str] | None = None,
    limit: int = FINDINGS_LISTED,
) -> TableReport:
    """Checks any number of rows of one form, with the findings that `check` would have.

    `expected_divisions` and `known_divisions` are those of `check`; `limit` is how many findings are spelled out.
    Seconds for a province, and it uses every core: call it off the event loop, best in a process of its own.
    """
    with use_language(language or current_language()):
        return _TableCheck(spec, table, expected_divisions, known_divisions).report(limit)


class _TableCheck:
    """Takes the rows of a table apart into slices, and puts together what is said of them."""

    def __init__(
        self, spec: FormSpec, table: Table, expected: Mapping[str, str] | None, known: Container[str] | None
    ) -> None:
        self.spec, self.table, self.expected, self.known = spec, table, expected, known
        self.keys = keys_of(table.keys)
        self.order = ordered(self.keys)
        # A column in which nothing stands is text too, whatever type it came with.
        self.cells = table.cells.cast(pl.String())
        self.missing = pl.DataFrame() if table.missing is None else table.missing.cast(pl.String())
        self.supplied = AlignedHeld(table.supplied, self.keys, [one.identifier for one in spec.plan.supplied])
        self.past = {
            look_back: AlignedHeld(table.past[look_back], self.keys, [one.identifier for one in elements])
            for look_back, elements in spec.plan.looked_back.items()
            if look_back in table.past
        }
        past_schemas = {look_back: held.values.schema for look_back, held in self.past.items()}
        self.judge = SliceJudge(spec, self.cells.columns, self.supplied.values.schema, past_schemas)

    def report(self, limit: int) -> TableReport:
        placed, strangers = self._sort_out()
        judged = [self.judge.judge(rows) for rows in self._slices(placed)]
        absent = list(absent_rows(self.expected, self._divisions(placed) if self.expected else ()))
        counts = self._count_strangers(strangers)
        for one in judged:
            counts += one.tally.counts
        if absent:
            counts["error", "row-missing"] = len(absent)
        by_row = self._by_row(placed, judged, strangers)
        findings = self._spelled_out(by_row, limit)
        findings += [PlacedFinding(None, finding) for finding in absent[: limit - len(findings)]]
        return TableReport(
            values=in_order_of_rows(_values(self.spec.plan, judged), placed[ROW], self.order.height),
            missing=in_order_of_rows(_missing(self.spec.plan, judged), placed[ROW], self.order.height),
            is_good=by_row.sort(ROW)["error"] == 0,
            counts=dict(counts),
            findings=tuple(findings),
            unlisted=counts.total() - len(findings),
        )

    def _sort_out(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows of the task, and rows of divisions that nobody asked for."""
        if self.expected is None:
            return self.order, self.order.clear()
        is_placed = self.keys[DIVISION].is_in(list(self.expected)).gather(self.order[ROW])
        return self.order.filter(is_placed), self.order.filter(~is_placed)

    def _divisions(self, rows: pl.DataFrame) -> frozenset[str]:
        return frozenset(self.keys[DIVISION].gather(rows[ROW]))

    def _count_strangers(self, strangers: pl.DataFrame) -> Counter[tuple[Severity, str]]:
        """Each row of a division that nobody asked for has one error, and is not read."""
        counts: Counter[tuple[Severity, str]] = Counter()
        for division, count in Counter(self.keys[DIVISION].gather(strangers[ROW])).items():
            is_unknown = self.known is not None and division not in self.known
            counts["error", "division-unknown" if is_unknown else "division-not-in-task"] += count
        return counts

    def _slices(self, placed: pl.DataFrame) -> Iterator[Slice]:
        for offset in range(0, placed.height, ROWS_AT_ONCE):
            some = placed.slice(offset, ROWS_AT_ONCE)
            rows = some[ROW]
            yield Slice(
                cells=rows_of(self.cells, rows),
                missing=rows_of(self.missing, rows),
                past={look_back: held.rows(rows) for look_back, held in self.past.items()},
                supplied=self.supplied.rows(rows),
                is_repeated=rows != some[FIRST],
            )

    def _by_row(self, placed: pl.DataFrame, judged: Sequence[JudgedSlice], strangers: pl.DataFrame) -> pl.DataFrame:
        """How many errors and warnings are about the division and entity of each row, in the order of the report."""
        none = pl.Series(dtype=pl.UInt32())
        counted = pl.DataFrame(
            {
                ROW: placed[ROW],
                "error": pl.concat([none, *(one.tally.by_row("error") for one in judged)]),
                "warning": pl.concat([none, *(one.tally.by_row("warning") for one in judged)]),
            }
        )
        if strangers.height:
            refused = strangers.select(ROW, error=pl.lit(1, pl.UInt32()), warning=pl.lit(0, pl.UInt32()))
            counted = self.order.select(ROW).join(pl.concat([counted, refused]), on=ROW, maintain_order="left")
        counted = counted.with_columns(self.order[FIRST])
        if self.order[ROW].equals(self.order[FIRST]):
            return counted
        return counted.with_columns(pl.col("error", "warning").sum().over(FIRST))

    def _spelled_out(self, by_row: pl.DataFrame, limit: int) -> list[PlacedFinding]:
        """The first findings. Rows of one division and entity are examined together."""
        count = pl.col("error") + pl.col("warning")
        found = by_row.filter(count > 0)
        keys = found.unique(FIRST, keep="first", maintain_order=True).filter(count.cum_sum() - count < limit)[FIRST]
        listed: list[PlacedFinding] = []
        for offset in range(0, keys.len(), ROWS_SPELLED_OUT_AT_ONCE):
            some = keys.slice(offset, ROWS_SPELLED_OUT_AT_ONCE)
            places = found.filter(pl.col(FIRST).is_between(some[0], some[-1]))[ROW]
            rows = self._rows(places)
            place_of = {id(row): place for row, place in zip(rows, places, strict=True)}
            examination = examine(self.spec, rows, self.expected, self.known)
            listed += [PlacedFinding(place_of[id(row)], finding) for row, finding in examination.findings]
        return listed[:limit]

    def _rows(self, places: pl.Series) -> list[Row]:
        """Rows of the table as `check` takes them."""
        height = places.len()
        keys, names = (
            self.keys[places],
            self.table.keys.select(NAME)[places] if NAME in self.table.keys.columns else None,
        )
        cells, reasons = (
            _written(rows_of(self.cells, places), height),
            _written(rows_of(self.missing, places), height),
        )
        supplied = _written(self.supplied.rows(places), height)
        past = {
            look_back: _written(self._past(look_back, held.rows(places)), height)
            for look_back, held in self.past.items()
        }
        return [
            Row(
                division,
                cells[place],
                reasons[place],
                {look_back: held[place] for look_back, held in past.items()},
                supplied[place],
                (names.item(place, NAME) or "") if names is not None else "",
                entity,
            )
            for place, (division, entity) in enumerate(keys.iter_rows())
        ]

    def _past(self, look_back: LookBack, held: pl.DataFrame) -> pl.DataFrame:
        """A statistic is exact, and `check` knows it by its type."""
        if not look_back.is_statistic:
            return held
        return pl.DataFrame(self.judge.past[look_back].read(held, held.height))


def _written(frame: pl.DataFrame, height: int) -> list[dict[str, object]]:
    """For each row, what stands in it."""
    if not frame.width:
        return [{} for _row in range(height)]
    return [{name: cell for name, cell in row.items() if cell is not None} for row in frame.iter_rows(named=True)]


def _values(plan: FormPlan, judged: Sequence[JudgedSlice]) -> pl.DataFrame:
    if judged:
        return pl.concat([one.values for one in judged])
    elements = [*plan.captured, *(derivation.element for step in plan.steps for derivation in step)]
    return pl.DataFrame([nothing(one.identifier, polars_type(one.domain), 0) for one in elements])


def _missing(plan: FormPlan, judged: Sequence[JudgedSlice]) -> pl.DataFrame:
    """A column for each element that has a reason anywhere."""
    captured = [element.identifier for element in plan.captured]
    names = [name for name in captured if any(name in one.missing for one in judged)]
    columns = [
        pl.concat(one.missing.get(name, nothing(name, REASON, one.values.height)) for one in judged) for name in names
    ]
    return pl.DataFrame(columns) if columns else pl.DataFrame(height=sum(one.values.height for one in judged))
