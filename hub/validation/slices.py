"""One slice of a table's rows: read, derived and judged, its findings counted and not yet spelled out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from hub.validation.columns import HeldReader, StatisticReader, blank_out, column_reader, is_written, nothing
from hub.validation.form import FormSpec
from hub.validation.judgement import broken, failing_rules, judge
from hub.validation.lookback import LookBack
from hub.validation.plan import Derivation, FormPlan
from hub.validation.reading import ABSENT, NOT_APPLICABLE, with_derived
from hub.validation.report import MISSING_REASONS
from hub.validation.specification import ElementSpec
from hub.validation.table import REASON
from hub.validation.tally import Tally

Columns = dict[str, pl.Series]


@dataclass(frozen=True)
class Slice:
    """The frames of a table for some of its rows; `is_repeated` marks those whose key stands in an earlier row."""

    cells: pl.DataFrame
    missing: pl.DataFrame
    past: Mapping[LookBack, pl.DataFrame]
    supplied: pl.DataFrame
    is_repeated: pl.Series

    @property
    def height(self) -> int:
        return self.is_repeated.len()


@dataclass(frozen=True)
class JudgedSlice:
    """`missing` has the elements for which anybody gave a reason."""

    values: pl.DataFrame
    missing: Mapping[str, pl.Series]
    tally: Tally


class SliceJudge:
    """Judges slices of one table: what all of them have in common is built once."""

    def __init__(
        self, spec: FormSpec, given: Collection[str], supplied: pl.Schema, past: Mapping[LookBack, pl.Schema]
    ) -> None:
        """`given` are the columns of cells; the others are the schemas of what is held."""
        plan = spec.plan
        derived = [derivation.element for step in plan.steps for derivation in step]
        self.spec, self.plan = spec, plan
        self.cells = column_reader({one.identifier: one.domain for one in plan.captured if one.identifier in given})
        self.derived = column_reader({one.identifier: one.domain for one in derived})
        self.supplied = HeldReader(supplied, {one.identifier: one.domain for one in plan.supplied})
        self.past = {
            look_back: (StatisticReader if look_back.is_statistic else HeldReader)(
                past.get(look_back, pl.Schema()), {one.identifier: look_back.domain(one.domain) for one in elements}
            )
            for look_back, elements in plan.looked_back.items()
        }

    def judge(self, rows: Slice) -> JudgedSlice:
        tally = Tally(rows.height)
        values, missing, absent = self._read(rows, tally)
        has_repeated = bool(rows.is_repeated.any())
        if has_repeated:
            tally.add("error", "row-duplicate", rows.is_repeated)
        frame = self._frame(rows, values)
        self._excuse(rows, frame, values, missing, absent, tally)
        for mask in absent.values():
            tally.add("error", ABSENT, mask)
        violations = _judge_rules(self.plan, frame, rows.is_repeated if has_repeated else None, tally)
        values |= self._judge_derived(frame, violations, rows.is_repeated, tally)
        if has_repeated:
            values, missing = (
                {name: blank_out(column, rows.is_repeated) for name, column in columns.items()}
                for columns in (values, missing)
            )
        return JudgedSlice(pl.DataFrame(values), missing, tally)

    def _read(self, rows: Slice, tally: Tally) -> tuple[Columns, Columns, Columns]:
        """The captured values and the reasons that may stand, everything that is wrong with cells, and what is owed
        and not there.
        """
        readings = self.cells.read(rows.cells)
        values, missing, absent = Columns(), Columns(), Columns()
        for element in self.plan.captured:
            name = element.identifier
            reading = readings.get(name)
            faults = {} if reading is None else reading.faults
            column = nothing(name, self.plan.columns[name], rows.height) if reading is None else reading.values
            has_reason = is_written(rows.missing[name]) if name in rows.missing.columns else None
            if has_reason is not None and has_reason.any():
                blank = ~reduce(or_, faults.values(), column.is_not_null())
                missing[name] = _judge_reasons(rows.missing[name], has_reason, blank, tally)
                column = blank_out(column, has_reason)
                faults = {code: refused & ~has_reason for code, refused in faults.items()}
            for code, refused in faults.items():
                tally.add("error", code, refused)
            if element.required and column.has_nulls():
                answered = column.is_not_null() if has_reason is None else column.is_not_null() | has_reason
                absent[name] = ~reduce(or_, faults.values(), answered)
            values[name] = column
        _refuse_strangers(self.spec.by_identifier, rows.cells, tally)
        _refuse_strangers(self.spec.by_identifier, rows.missing, tally)
        return values, missing, absent

    def _excuse(
        self, rows: Slice, frame: pl.DataFrame, values: Columns, missing: Columns, absent: Columns, tally: Tally
    ) -> None:
        """`check._excuse` for columns: of a repeated row only the first is asked anything."""
        for applicability in self.plan.applicability:
            name = applicability.element.identifier
            excused = ~frame.select(applicability.compiled.polars).to_series().fill_null(value=True) & ~rows.is_repeated
            tally.add("error", "value-not-applicable", excused & values[name].is_not_null())
            written = [is_written(given[name]) for given in (rows.cells, rows.missing) if name in given.columns]
            empty = excused & ~reduce(or_, written, values[name].is_not_null())
            if not empty.any():
                continue
            reason = pl.select(pl.when(empty).then(pl.lit(NOT_APPLICABLE)).cast(REASON)).to_series()
            given = missing.get(name, nothing(name, REASON, rows.height))
            missing[name] = pl.select(pl.coalesce(given, reason).alias(name)).to_series()
            if name in absent:
                absent[name] &= ~empty

    def _frame(self, rows: Slice, captured: Columns) -> pl.DataFrame:
        """The typed frame of the form, as `build_frame` has it for rows that somebody is typing."""
        columns = captured | self.supplied.read(rows.supplied, rows.height)
        for look_back, reader in self.past.items():
            held = reader.read(rows.past.get(look_back, pl.DataFrame()), rows.height)
            columns |= {look_back.column(name): column for name, column in held.items()}
        frame = pl.DataFrame({name: columns[name] for name in self.plan.columns})
        self.plan.schema.accept(frame)
        return with_derived(self.plan, frame)

    def _judge_derived(
        self, frame: pl.DataFrame, violations: Mapping[int, pl.Series], is_repeated: pl.Series, tally: Tally
    ) -> Columns:
        """The derived values that may stand. A bad one is told only when nothing it came from is in question."""
        readings = self.derived.accept(frame)
        refused_before = Columns()
        for derivation in (one for step in self.plan.steps for one in step):
            name = derivation.element.identifier
            faults = readings[name].faults
            if faults:
                in_question = _in_question(self.plan, derivation, violations, refused_before, is_repeated)
                for code, refused in faults.items():
                    tally.add("error", code, refused & ~in_question)
                refused_before[name] = reduce(or_, faults.values())
        return {name: reading.values for name, reading in readings.items()}


def _judge_reasons(reasons: pl.Series, given: pl.Series, blank: pl.Series, tally: Tally) -> pl.Series:
    """Counts what is wrong with reasons, and gives those that may stand."""
    is_known = reasons.is_in(list(MISSING_REASONS))
    tally.add("error", "value-and-missing", given & ~blank)
    tally.add("error", "missing-reason-unknown", given & ~is_known)
    return blank_out(reasons, ~(given & blank & is_known)).cast(REASON)


def _refuse_strangers(known: Mapping[str, ElementSpec], given: pl.DataFrame, tally: Tally) -> None:
    """What was typed for an element that is not on the form, or that nobody types."""
    for name in given.columns:
        element = known.get(name)
        if element is None:
            tally.add("error", "element-unknown", given[name].is_not_null())
        elif element.source != "captured":
            tally.add("error", "element-not-captured", is_written(given[name]))


def _judge_rules(
    plan: FormPlan, frame: pl.DataFrame, is_repeated: pl.Series | None, tally: Tally
) -> Mapping[int, pl.Series]:
    """Which rules are broken and where; only the first row of a key is judged."""
    verdicts = judge(frame, plan.verdicts)
    if is_repeated is not None:
        verdicts = verdicts.with_columns(pl.all() | is_repeated)
    found = {number: broken(verdicts, number) for number in failing_rules(verdicts)}
    for number, where in found.items():
        tally.add(plan.rules[number].spec.severity, "rule-violated", where)
    return found


def _in_question(
    plan: FormPlan,
    derivation: Derivation,
    violations: Mapping[int, pl.Series],
    refused: Mapping[str, pl.Series],
    is_repeated: pl.Series,
) -> pl.Series:
    """Rows in which an error names what this was computed from already; of a repeated row nothing is computed."""
    named = frozenset(derivation.compiled.named)
    doubts = [refused[name] for name in named if name in refused]
    for number, where in violations.items():
        rule = plan.rules[number]
        if rule.spec.severity == "error" and not named.isdisjoint(rule.compiled.named):
            doubts.append(where)
    return reduce(or_, doubts, is_repeated)
