"""The check of a whole county's or province's rows: the findings of `check`, read and judged a column at a time.

Rows are taken in slices, so that memory beyond the table and its typed values stays that of one slice. Findings
are counted by masks; the few that are listed are spelled out by `examine`, the very function behind `check`.
"""

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from hub.kit.i18n import Language, current_language, use_language
from hub.validation.check import absent_rows, examine
from hub.validation.columns import blank_out, is_written, nothing, read_columns, read_held, read_typed
from hub.validation.form import FormSpec
from hub.validation.judgement import accept_frame, failing_rules, judge
from hub.validation.lookback import LookBack
from hub.validation.plan import Derivation, FormPlan, polars_type
from hub.validation.reading import with_derived
from hub.validation.report import MISSING_REASONS, Row
from hub.validation.specification import Severity
from hub.validation.table import DIVISION, ENTITY, KEYS, NAME, REASON, Held, PlacedFinding, Table, TableReport
from hub.validation.tally import Tally

ROWS_AT_ONCE = 50_000
FINDINGS_LISTED = 10_000
ROWS_SPELLED_OUT_AT_ONCE = 500
ROW, FIRST = "row", "first"


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


@dataclass(frozen=True)
class _Judged:
    """One slice of rows, with `rows` their places in the table."""

    rows: pl.Series
    values: pl.DataFrame
    missing: Mapping[str, pl.Series]
    tally: Tally


class _TableCheck:
    def __init__(
        self,
        spec: FormSpec,
        table: Table,
        expected: Mapping[str, str] | None,
        known: Container[str] | None,
    ) -> None:
        self.spec, self.plan, self.table = spec, spec.plan, table
        self.expected, self.known = expected, known
        self.keys = _keys(table.keys)
        self.order = self._ordered()
        self.held = {id(held): self._positions(held) for held in (*table.past.values(), table.supplied) if held}

    def report(self, limit: int) -> TableReport:
        is_placed = self._is_placed()
        slices = list(self._judged(self.order.filter(is_placed)))
        strangers, told = self._strangers(self.order.filter(~is_placed))
        counts = reduce(Counter.__add__, (judged.tally.counts for judged in slices), told)
        by_row = self._by_row(slices, strangers)
        absent = list(absent_rows(self.expected, frozenset(self.keys[DIVISION].unique())))
        if absent:
            counts["error", "row-missing"] = len(absent)
        findings = self._listed(by_row, limit)
        findings += [PlacedFinding(None, finding) for finding in absent[: limit - len(findings)]]
        places = pl.concat([judged.rows for judged in slices]) if slices else pl.Series(dtype=pl.UInt32())
        return TableReport(
            values=self._in_table_order(self._values(self.plan, slices), places),
            missing=self._in_table_order(_missing(self.plan, slices), places),
            is_good=by_row.sort(ROW)["error"] == 0,
            counts=dict(counts),
            findings=tuple(findings),
            unlisted=sum(counts.values()) - len(findings),
        )

    def _ordered(self) -> pl.DataFrame:
        """The rows as they are reported: those of one division and entity together, where the first of them stands."""
        numbered = self.keys.with_row_index(ROW)
        if self.keys.is_unique().all():
            return numbered.with_columns(pl.col(ROW).alias(FIRST))
        return numbered.with_columns(pl.col(ROW).min().over(KEYS).alias(FIRST)).sort(FIRST, ROW)

    def _positions(self, held: Held) -> pl.Series:
        """For each row of the table, which row of what is held belongs to it."""
        keys = _keys(held.keys).with_row_index(ROW)
        return self.keys.join(keys, on=KEYS, how="left", maintain_order="left", validate="m:1")[ROW]

    def _is_placed(self) -> pl.Series:
        if self.expected is None:
            return pl.repeat(value=True, n=self.order.height, dtype=pl.Boolean(), eager=True)
        return self.order[DIVISION].is_in(list(self.expected))

    def _strangers(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, Counter[tuple[Severity, str]]]:
        """Rows of divisions that nobody asked for: each has one error."""
        counts: Counter[tuple[Severity, str]] = Counter()
        for division, count in rows.group_by(DIVISION).len().iter_rows():
            is_unknown = self.known is not None and division not in self.known
            counts["error", "division-unknown" if is_unknown else "division-not-in-task"] += count
        return rows, counts

    def _judged(self, placed: pl.DataFrame) -> Iterator[_Judged]:
        for offset in range(0, placed.height, ROWS_AT_ONCE):
            ordered = placed.slice(offset, ROWS_AT_ONCE)
            tally = Tally(ordered.height)
            values, missing = self._read(ordered[ROW], tally)
            is_repeated = ordered[ROW] != ordered[FIRST]
            tally.add("error", "row-duplicate", is_repeated)
            derived = self._judge(values, ordered[ROW], is_repeated, tally)
            stored = [*values.values(), *derived.values()]
            if is_repeated.any():
                stored = [blank_out(column, is_repeated) for column in stored]
                missing = {name: blank_out(column, is_repeated) for name, column in missing.items()}
            yield _Judged(ordered[ROW], pl.DataFrame(stored), missing, tally)

    def _read(self, rows: pl.Series, tally: Tally) -> tuple[dict[str, pl.Series], dict[str, pl.Series]]:
        cells = _rows_of(self.table.cells, rows)
        reasons = cells.clear() if self.table.missing is None else _rows_of(self.table.missing, rows)
        readings = read_columns(
            cells, {one.identifier: one.domain for one in self.plan.captured if one.identifier in cells.columns}
        )
        values, missing = {}, {}
        for element in self.plan.captured:
            name = element.identifier
            reading = readings.get(name)
            column = nothing(name, self.plan.columns[name], rows.len()) if reading is None else reading.values
            faults = {} if reading is None else reading.faults
            given = is_written(reasons[name]) if name in reasons.columns and reasons.height else None
            if given is not None and given.any():
                blank = column.is_null() & ~reduce(or_, faults.values(), column.is_not_null())
                missing[name] = _judge_reasons(reasons[name], given, blank, tally)
                column = blank_out(column, given)
                faults = {code: refused & ~given for code, refused in faults.items()}
            for code, refused in faults.items():
                tally.add("error", code, refused)
            if element.required and column.null_count():
                answered = reduce(or_, faults.values(), column.is_not_null())
                tally.add("error", "value-missing", ~answered if given is None else ~answered & ~given)
            values[name] = column
        self._refuse_strangers(cells, tally)
        self._refuse_strangers(reasons, tally)
        return values, missing

    def _refuse_strangers(self, given: pl.DataFrame, tally: Tally) -> None:
        for name in given.columns:
            element = self.spec.by_identifier.get(name)
            if element is None:
                tally.add("error", "element-unknown", given[name].is_not_null())
            elif element.source != "captured":
                tally.add("error", "element-not-captured", is_written(given[name]))

    def _judge(
        self, captured: Mapping[str, pl.Series], rows: pl.Series, is_repeated: pl.Series, tally: Tally
    ) -> dict[str, pl.Series]:
        """Counts what rules and derivations find, and gives the derived values that may stand."""
        plan = self.plan
        columns = {**captured, **self._remembered(rows)}
        frame = pl.DataFrame({name: columns[name] for name in plan.columns})
        accept_frame(plan.schema, frame)
        frame = with_derived(plan, frame)
        verdicts = judge(frame, plan.verdicts)
        if is_repeated.any():
            verdicts = verdicts.with_columns(pl.all() | is_repeated)
        broken: dict[int, pl.Series] = {}
        for number in failing_rules(verdicts):
            broken[number] = (~verdicts[str(number)]).fill_null(value=False)
            tally.add(plan.rules[number].spec.severity, "rule-violated", broken[number])
        return self._judge_derived(frame, broken, is_repeated, tally)

    def _remembered(self, rows: pl.Series) -> dict[str, pl.Series]:
        columns = {}
        supplied = self._held_rows(self.table.supplied, rows)
        for element in self.plan.supplied:
            columns[element.identifier] = read_held(supplied, element.identifier, element.domain, rows.len())
        for look_back, elements in self.plan.looked_back.items():
            past = self._held_rows(self.table.past.get(look_back), rows)
            for element in elements:
                column = read_held(past, element.identifier, look_back.domain(element.domain), rows.len())
                columns[look_back.column(element.identifier)] = column
        return columns

    def _held_rows(self, held: Held | None, rows: pl.Series) -> pl.DataFrame:
        if held is None:
            return pl.DataFrame()
        positions = self.held[id(held)].gather(rows)
        return held.values.select(pl.all().gather(positions))

    def _judge_derived(
        self, frame: pl.DataFrame, broken: Mapping[int, pl.Series], is_repeated: pl.Series, tally: Tally
    ) -> dict[str, pl.Series]:
        """As with `check`: told only when nothing it was computed from is in question already."""
        values, refused_before = {}, dict[str, pl.Series]()
        for derivation in (one for step in self.plan.steps for one in step):
            name = derivation.element.identifier
            reading = read_typed(frame[name], derivation.element.domain)
            values[name] = reading.values
            if not reading.faults:
                continue
            doubtful = self._in_question(derivation, broken, refused_before, is_repeated)
            for code, refused in reading.faults.items():
                tally.add("error", code, refused & ~doubtful)
            refused_before[name] = reduce(or_, reading.faults.values())
        return values

    def _in_question(
        self,
        derivation: Derivation,
        broken: Mapping[int, pl.Series],
        refused: Mapping[str, pl.Series],
        is_repeated: pl.Series,
    ) -> pl.Series:
        """Rows in which an error already names what this was computed from; of a repeated row nothing is computed."""
        named = frozenset(derivation.compiled.named)
        doubts = [refused[name] for name in named if name in refused]
        for number, mask in broken.items():
            rule = self.plan.rules[number]
            if rule.spec.severity == "error" and not named.isdisjoint(rule.compiled.named):
                doubts.append(mask)
        return reduce(or_, doubts, is_repeated)

    def _by_row(self, slices: list[_Judged], strangers: pl.DataFrame) -> pl.DataFrame:
        """How many errors and warnings are about the division and entity of each row."""
        counted = [
            pl.DataFrame(
                {ROW: judged.rows, "error": judged.tally.by_row("error"), "warning": judged.tally.by_row("warning")}
            )
            for judged in slices
        ]
        one, none = pl.lit(1, pl.UInt32()).alias("error"), pl.lit(0, pl.UInt32()).alias("warning")
        found = pl.concat([*counted, strangers.select(ROW, one, none)])
        found = self.order.select(ROW, FIRST).join(found, on=ROW, how="left", maintain_order="left")
        if self.order[ROW].equals(self.order[FIRST]):
            return found
        return found.with_columns(pl.col("error", "warning").sum().over(FIRST))

    def _listed(self, by_row: pl.DataFrame, limit: int) -> list[PlacedFinding]:
        """The first findings, spelled out. Rows of one division and entity are examined together."""
        found = by_row.filter(pl.col("error") + pl.col("warning") > 0)
        firsts = found[FIRST].unique(maintain_order=True)
        listed: list[PlacedFinding] = []
        for offset in range(0, firsts.len(), ROWS_SPELLED_OUT_AT_ONCE):
            if len(listed) >= limit:
                break
            some = firsts.slice(offset, ROWS_SPELLED_OUT_AT_ONCE)
            places = found.filter(pl.col(FIRST).is_in(some.implode()))[ROW]
            rows = self._rows(places)
            place_of = {id(row): place for row, place in zip(rows, places, strict=True)}
            examination = examine(self.spec, rows, self.expected, self.known)
            listed += [PlacedFinding(place_of[id(row)], finding) for row, finding in examination.findings]
        return listed[:limit]

    def _held_past(self, look_back: LookBack, held: Held, places: pl.Series) -> pl.DataFrame:
        """A statistic is exact, and is known by its type."""
        values = self._held_rows(held, places)
        if not look_back.is_statistic:
            return values
        wanted = [one for one in self.plan.looked_back.get(look_back, ()) if one.identifier in values.columns]
        return values.select(
            read_held(values, one.identifier, look_back.domain(one.domain), places.len()) for one in wanted
        )

    @staticmethod
    def _values(plan: FormPlan, slices: list[_Judged]) -> pl.DataFrame:
        if slices:
            return pl.concat([judged.values for judged in slices])
        elements = [*plan.captured, *(derivation.element for step in plan.steps for derivation in step)]
        return pl.DataFrame([nothing(one.identifier, polars_type(one.domain), 0) for one in elements])

    def _in_table_order(self, frame: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
        """A row for each row of the table; one that was not judged holds nothing."""
        everywhere = self.order[ROW].sort()
        if places.equals(everywhere):
            return frame
        numbered = places.alias(ROW).to_frame().with_row_index("at")
        positions = everywhere.alias(ROW).to_frame().join(numbered, on=ROW, how="left", maintain_order="left")["at"]
        return frame.select(pl.all().gather(positions))

    def _rows(self, places: pl.Series) -> list[Row]:
        """Rows of the table as `check` takes them."""
        keys = self.keys[places]
        names = (
            self.table.keys[NAME].gather(places).fill_null("")
            if NAME in self.table.keys.columns
            else [""] * keys.height
        )
        cells = _written(self.table.cells[places])
        reasons = _written(self.table.missing[places]) if self.table.missing is not None else [{}] * keys.height
        supplied = _written(self._held_rows(self.table.supplied, places)) or [{}] * keys.height
        past = {
            look_back: _written(self._held_past(look_back, held, places)) for look_back, held in self.table.past.items()
        }
        return [
            Row(
                division,
                cells[place],
                reasons[place],
                {look_back: held[place] for look_back, held in past.items() if held},
                supplied[place],
                name,
                entity,
            )
            for place, ((division, entity), name) in enumerate(zip(keys.iter_rows(), names, strict=True))
        ]


def _keys(keys: pl.DataFrame) -> pl.DataFrame:
    entity = pl.col(ENTITY).fill_null("") if ENTITY in keys.columns else pl.lit("")
    return keys.select(pl.col(DIVISION).fill_null(""), entity.alias(ENTITY))


def _rows_of(frame: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """Mostly a stretch of the table, which costs nothing."""
    first, last = rows[0], rows[-1]
    is_stretch = rows.is_sorted() and last - first + 1 == rows.len()
    return frame.slice(first, rows.len()) if is_stretch else frame[rows]


def _written(frame: pl.DataFrame) -> list[dict[str, object]]:
    """For each row, what stands in it."""
    return [{name: cell for name, cell in row.items() if cell is not None} for row in frame.iter_rows(named=True)]


def _judge_reasons(reasons: pl.Series, given: pl.Series, blank: pl.Series, tally: Tally) -> pl.Series:
    """Counts what is wrong with reasons, and gives those that may stand."""
    is_known = reasons.is_in(list(MISSING_REASONS))
    tally.add("error", "value-and-missing", given & ~blank)
    tally.add("error", "missing-reason-unknown", given & ~is_known)
    return blank_out(reasons, ~(given & blank & is_known)).cast(REASON)


def _missing(plan: FormPlan, slices: list[_Judged]) -> pl.DataFrame:
    """A column for each element that has a reason anywhere."""
    names = [
        element.identifier
        for element in plan.captured
        if any(element.identifier in judged.missing for judged in slices)
    ]
    height = sum(judged.rows.len() for judged in slices)
    columns = [
        pl.concat(
            judged.missing[name] if name in judged.missing else nothing(name, REASON, judged.rows.len())
            for judged in slices
        )
        for name in names
    ]
    return pl.DataFrame(columns) if columns else pl.DataFrame(height=height)
