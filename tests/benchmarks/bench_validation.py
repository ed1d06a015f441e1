"""Validation against raw polars and against what one writes first (pydantic and a Python function for each rule).

    python -m tests.benchmarks.bench_validation                  one form, and 30,000 rows in bulk
    python -m tests.benchmarks.bench_validation --rows 600000    a nation's villages (about 2 GB)

Prints ratios from one run, of the CPU time of the whole process: others use the machine too. Never a timed test:
absolute figures belong to the machine they were taken on.
"""

import argparse
import random
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import pandera.polars as pa
import polars as pl
from pydantic import Field, create_model

from hub.datatypes import PermissibleValue, ValueDomain
from hub.validation import ElementSpec, FormSpec, Held, LookBack, Row, RuleSpec, Table, check, check_table
from hub.validation.judgement import failures
from hub.validation.reading import build_frame, read_row
from tests.benchmarks.shape import ELEMENTS, NAMES, RULES, VILLAGES

ROWS, THREADS = 30_000, 32
COUNT = ValueDomain("integer", unit="人", minimum=0, maximum=20000)
AMOUNT = ValueDomain("decimal", unit="元", minimum=0, decimals=2)
TRUTH = ValueDomain("boolean")
DAY = ValueDomain("date")
NOTE = ValueDomain("text", maximum_length=200)
ROAD = ValueDomain(
    "code",
    code_list="road_surface",
    permissible_values=tuple(PermissibleValue(str(n), f"路面{n}") for n in range(1, 7)),
)
# Every sixth element is an amount; of the counts, these few places are something else, as on a village's form.
OTHERS = {2: TRUTH, 8: TRUTH, 14: ROAD, 20: ROAD, 26: DAY, 32: NOTE}
REPEATS, SAMPLE = 30, 1000


def domain_of(place: int) -> ValueDomain:
    return OTHERS.get(place, AMOUNT if place % 6 == 5 else COUNT)


def make_form() -> FormSpec:
    """Rules compare sums, shares and the period before."""
    chosen = random.Random(1)  # noqa: S311 - repeatable data, no secret
    elements = tuple(
        ElementSpec(name, 1, f"数据元{place}", domain_of(place), required=True) for place, name in enumerate(NAMES)
    )
    counts = [element.identifier for element in elements if element.domain is COUNT]

    def expression(number: int) -> str:
        one, two, three = chosen.sample(counts, 3)
        shapes = (
            f"{one} + {two} <= {three} + 40000",
            f"{one} <= {two} + 20000",
            f"{one} <= 1.5 * {two} + 30000",
            f"{one} <= previous({one}) + 20000",
            f"element_{chosen.randrange(10) * 6 + 5} * {two} >= 0",
        )
        return shapes[number % len(shapes)]

    rules = tuple(RuleSpec(f"rule_{i}", 1, expression(i), "error", "合计不能超过总数") for i in range(RULES))
    return FormSpec("village-month", 1, elements, rules)


def make_cells(form: FormSpec, rows: int, *, seed: int, bad: bool = False) -> pl.DataFrame:
    """What a file of a province holds. Bad: every count is below its range."""
    numbers = pl.int_range(rows, eager=True)

    def column(place: int, domain: ValueDomain) -> pl.Series:
        drawn = numbers.hash(seed=seed * 1000 + place)
        match domain.datatype:
            case "integer":
                cells = (drawn % 1000).cast(pl.Int64)
                return (-1 - cells if bad else cells).cast(pl.String)
            case "decimal":
                return (drawn % 10**6).cast(pl.String) + "." + (drawn % 90 + 10).cast(pl.String)
            case "boolean":
                return pl.select(pl.when(drawn % 2 == 0).then(pl.lit("是")).otherwise(pl.lit("否"))).to_series()
            case "code":
                return (drawn % 6 + 1).cast(pl.String)
            case "date":
                return "2026-0" + (drawn % 9 + 1).cast(pl.String) + "-" + (drawn % 18 + 10).cast(pl.String)
            case _:
                return "第" + (drawn % 5000).cast(pl.String) + "号文，已核"

    columns = [column(place, one.domain).alias(one.identifier) for place, one in enumerate(form.elements)]
    return pl.DataFrame(columns)


def make_table(form: FormSpec, rows: int, *, bad: bool = False) -> Table:
    division = "43" + pl.int_range(rows, eager=True).cast(pl.String).str.zfill(10)
    keys = pl.DataFrame({"division": division})
    held = Held(keys, make_cells(form, rows, seed=2))
    return Table(keys, make_cells(form, rows, seed=1, bad=bad), past={LookBack.PREVIOUS: held})


def make_rows(form: FormSpec, *, bad: bool) -> list[Row]:
    """A form as the API gets it: numbers are JSON's numbers."""

    def typed(element: ElementSpec, cell: str) -> object:
        match element.domain.datatype:
            case "integer":
                return int(cell)
            case "decimal":
                return Decimal(cell)
            case "boolean":
                return cell == "是"
            case _:
                return cell

    now, before = (
        [
            {element.identifier: typed(element, row[element.identifier]) for element in form.elements}
            for row in make_cells(form, VILLAGES, seed=seed, bad=bad and seed == 1).iter_rows(named=True)
        ]
        for seed in (1, 2)
    )
    return [
        Row(f"433124102{village:03}", values, past={LookBack.PREVIOUS: past}, division_name=f"第{village}村")
        for village, (values, past) in enumerate(zip(now, before, strict=True))
    ]


def naive(form: FormSpec) -> Callable[[Sequence[tuple[Mapping[str, object], Mapping[str, object]]]], int]:
    """What one writes first: a pydantic model for the cells, and each rule evaluated by Python for each row."""
    kinds: dict[str, object] = {
        "integer": (int, Field(ge=0, le=20000)),
        "decimal": (Decimal, Field(ge=0, decimal_places=2)),
        "boolean": (bool | Literal["是", "否"], ...),
        "code": (Literal["1", "2", "3", "4", "5", "6"], ...),
        "date": (date, ...),
        "text": (str, Field(max_length=200)),
    }
    fields = {element.identifier: kinds[element.domain.datatype] for element in form.elements}
    model = create_model("NaiveRow", **fields)  # type: ignore[call-overload]
    programs = [
        compile(rule.expression.replace("previous(", "before(").replace("1.5", "Decimal('1.5')"), "rule", "eval")
        for rule in form.rules
    ]
    names = {element.identifier: element.identifier for element in form.elements}

    def run(rows: Sequence[tuple[Mapping[str, object], Mapping[str, object]]]) -> int:
        wrong = 0
        for values, past in rows:
            now, before = model.model_validate(values).model_dump(), model.model_validate(past).model_dump()
            by_value = {id(now[name]): before[name] for name in names}
            scope = {"Decimal": Decimal, "before": lambda value, held=by_value: held[id(value)], **now}
            wrong += sum(not eval(program, scope) for program in programs)  # noqa: S307 - the point of comparison
        return wrong

    return run


def raw_polars(form: FormSpec) -> Callable[[Table], pl.DataFrame]:
    """The same typed columns and verdicts in one fused query, and nothing else: no range, no spelling, no finding."""
    casts = {"boolean": lambda one: one == "是", "date": lambda one: one.str.to_date("%Y-%m-%d")}

    def cast(name: str, domain: ValueDomain, dtype: pl.DataType) -> pl.Expr:
        column = pl.col(name)
        return casts[domain.datatype](column) if domain.datatype in casts else column.cast(dtype)

    plan = form.plan
    typed = [cast(one.identifier, one.domain, plan.columns[one.identifier]) for one in form.elements]
    remembered = [LookBack.PREVIOUS.column(one.identifier) for one in plan.looked_back[LookBack.PREVIOUS]]
    typed += [pl.col(name).cast(plan.columns[name]) for name in remembered]

    def run(table: Table) -> pl.DataFrame:
        past = table.past[LookBack.PREVIOUS].values.rename(LookBack.PREVIOUS.column).select(remembered)
        both = pl.concat([table.cells, past], how="horizontal")
        return both.lazy().select(typed).with_columns(plan.verdicts).collect()

    return run


def per_rule_pandera(form: FormSpec) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """One pandera check for each rule: the obvious way to use it, and the reason for the verdict frame."""
    checks = [
        pa.Check(lambda data, rule=rule: data.lazyframe.select(rule), name=str(number))
        for number, rule in enumerate(form.plan.verdicts)
    ]
    schema = pa.DataFrameSchema(checks=checks)
    return lambda frame: schema.validate(frame, lazy=True)


@dataclass(frozen=True)
class Took:
    """Milliseconds: of all threads of the process, and by the clock on the wall."""

    cpu: float
    wall: float

    def times(self, factor: float) -> "Took":
        return Took(self.cpu * factor, self.wall * factor)


def measure(run: Callable[[], object], repeats: int = REPEATS) -> Took:
    """The least of several: what other people's work adds is never negative."""
    run()
    took = []
    for _repeat in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        took.append(((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
    return Took(min(cpu for cpu, _wall in took), min(wall for _cpu, wall in took))


def printed(heading: str, figures: Mapping[str, Took]) -> None:
    """Each against the first."""
    base = next(iter(figures.values()))
    lines = [f"{heading:46} {'CPU':>12} {'ratio':>9} {'wall':>12}"]
    lines += [
        f"{name:46} {took.cpu:9.2f} ms {took.cpu / base.cpu:7.2f} × {took.wall:9.2f} ms"
        for name, took in figures.items()
    ]
    sys.stdout.write("\n".join(lines) + "\n\n")


def one_form(form: FormSpec) -> None:
    plan = form.plan
    good, bad = make_rows(form, bad=False), make_rows(form, bad=True)
    assert check(form, good).findings == ()
    read = [read_row(form, row) for row in good]
    frame = build_frame(plan, read)
    naive_check, pandera_check = naive(form), per_rule_pandera(form)
    pairs = [(row.values, row.past[LookBack.PREVIOUS]) for row in good]

    def at_once() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda _number: check(form, good), range(THREADS)))

    printed(
        f"one form, {VILLAGES} × {ELEMENTS}, {RULES} rules",
        {
            "raw polars select of all rules": measure(lambda: frame.select(plan.verdicts)),
            "reading the cells": measure(lambda: [read_row(form, row) for row in good]),
            "typed frame through pandera": measure(lambda: build_frame(plan, read)),
            "verdict frame through pandera": measure(lambda: failures(frame, plan.verdicts)),
            "whole check, all good": measure(lambda: check(form, good)),
            "whole check, every count bad": measure(lambda: check(form, bad)),
            f"whole check, each of {THREADS} at once": measure(at_once, 5).times(1 / THREADS),
            "naive: pydantic and Python rules": measure(lambda: naive_check(pairs)),
            "one pandera check per rule (rules only)": measure(lambda: pandera_check(frame), 2),
        },
    )


def in_bulk(form: FormSpec, rows: int) -> None:
    repeats = 5 if rows <= ROWS else 3
    figures = {
        **bulk_good(form, make_table(form, rows), repeats),
        "whole table, every count bad": bulk_bad(form, make_table(form, rows, bad=True), repeats),
        f"naive, from {SAMPLE} rows": bulk_naive(form).times(rows / SAMPLE),
    }
    printed(f"in bulk, {rows} × {ELEMENTS}, {RULES} rules", figures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    sys.stdout.write(f"most memory ever held: {peak:.1f} GiB, the table itself included\n")


def bulk_good(form: FormSpec, table: Table, repeats: int) -> Mapping[str, Took]:
    raw = raw_polars(form)
    assert check_table(form, table).counts == {}
    return {
        "raw fused polars: casts and rules": measure(lambda: raw(table), repeats),
        "whole table, all good": measure(lambda: check_table(form, table), repeats),
    }


def bulk_bad(form: FormSpec, table: Table, repeats: int) -> Took:
    return measure(lambda: check_table(form, table), repeats)


def bulk_naive(form: FormSpec) -> Took:
    check_rows, sample = naive(form), make_table(form, SAMPLE)
    now, before = (cells.iter_rows(named=True) for cells in (sample.cells, sample.past[LookBack.PREVIOUS].values))
    pairs = list(zip(now, before, strict=True))
    return measure(lambda: check_rows(pairs), 1)


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the bulk check; 600000 is the nation")
    chosen = parser.parse_args(arguments)
    form = make_form()
    start = time.perf_counter()
    _compiled = form.plan
    sys.stdout.write(f"{RULES} rules compiled once in {(time.perf_counter() - start) * 1000:.0f} ms\n\n")
    one_form(form)
    in_bulk(form, chosen.rows)


if __name__ == "__main__":
    main(sys.argv[1:])
