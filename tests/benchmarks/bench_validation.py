"""One form of 20 villages × 60 elements with 250 rules: the whole check against its parts and a naive one.

    python tests/benchmarks/bench_validation.py

Prints ratios from one run. Never a timed test: absolute figures belong to the machine they were taken on.
"""

import random
import sys
import time
from collections.abc import Callable
from decimal import Decimal

import pandera.polars as pa
import polars as pl
from pydantic import Field, create_model

from hub.datatypes import ValueDomain
from hub.validation import ElementSpec, FormSpec, LookBack, Row, RuleSpec, check
from hub.validation.judgement import failures
from hub.validation.reading import build_frame, read_row

VILLAGES, ELEMENTS, RULES = 20, 60, 250
INTEGER = ValueDomain("integer", unit="人", minimum=0, maximum=20000)
DECIMAL = ValueDomain("decimal", unit="元", minimum=0, decimals=2)
REPEATS = 40


def make_form() -> FormSpec:
    """Five elements in six are counts, the others amounts; rules compare sums, shares and the period before."""
    chosen = random.Random(1)  # noqa: S311 - repeatable data, no secret
    elements = tuple(
        ElementSpec(f"element_{i}", 1, f"数据元{i}", DECIMAL if i % 6 == 5 else INTEGER, required=True)
        for i in range(ELEMENTS)
    )
    counts = [element.identifier for element in elements if element.domain is INTEGER]

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


def make_rows(form: FormSpec, *, bad: bool) -> list[Row]:
    chosen = random.Random(2)  # noqa: S311 - repeatable data, no secret
    rows = []
    for village in range(VILLAGES):
        values: dict[str, object] = {
            element.identifier: Decimal(chosen.randrange(10**6)) / 100
            if element.domain is DECIMAL
            else (-1 if bad else chosen.randrange(1000))
            for element in form.elements
        }
        rows.append(
            Row(
                f"433124102{village:03}",
                values=values,
                past={LookBack.PREVIOUS: values},
                division_name=f"第{village}村",
            )
        )
    return rows


def naive(form: FormSpec) -> Callable[[list[Row]], int]:
    """What one writes first: a pydantic model for the cells, and each rule evaluated by Python for each row."""
    fields = {
        element.identifier: (Decimal, Field(ge=0, decimal_places=2))
        if element.domain is DECIMAL
        else (int, Field(ge=0, le=20000))
        for element in form.elements
    }
    model = create_model("NaiveRow", **fields)  # type: ignore[call-overload]
    programs = [
        compile(rule.expression.replace("previous(", "(").replace("1.5", "Decimal('1.5')"), rule.identifier, "eval")
        for rule in form.rules
    ]

    def run(rows: list[Row]) -> int:
        wrong = 0
        for row in rows:
            scope = {"Decimal": Decimal, **model.model_validate(row.values).model_dump()}
            wrong += sum(not eval(program, scope) for program in programs)  # noqa: S307 - the point of comparison
        return wrong

    return run


def per_rule_pandera(form: FormSpec) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """One pandera check for each rule: the obvious way to use it, and the reason for the verdict frame."""
    checks = [
        pa.Check(lambda data, rule=rule: data.lazyframe.select(rule), name=str(number))
        for number, rule in enumerate(form.plan.verdicts)
    ]
    schema = pa.DataFrameSchema(checks=checks)
    return lambda frame: schema.validate(frame, lazy=True)


def measure(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median milliseconds."""
    run()
    took = []
    for _repeat in range(repeats):
        start = time.perf_counter()
        run()
        took.append(time.perf_counter() - start)
    return sorted(took)[len(took) // 2] * 1000


def main() -> None:
    form = make_form()
    start = time.perf_counter()
    plan = form.plan
    compiled = (time.perf_counter() - start) * 1000
    good, bad = make_rows(form, bad=False), make_rows(form, bad=True)
    assert check(form, good).findings == ()
    read = [read_row(form, row) for row in good]
    frame = build_frame(plan, read)
    naive_check, pandera_check = naive(form), per_rule_pandera(form)
    figures = {
        "raw polars select of all rules": measure(
            lambda: frame.select(rule.alias(str(number)) for number, rule in enumerate(plan.verdicts))
        ),
        "reading the cells": measure(lambda: [read_row(form, row) for row in good]),
        "typed frame through pandera": measure(lambda: build_frame(plan, read)),
        "verdict frame through pandera": measure(lambda: failures(frame, plan.verdicts)),
        "whole check, all good": measure(lambda: check(form, good)),
        "whole check, every count bad": measure(lambda: check(form, bad)),
        "naive: pydantic and Python rules": measure(lambda: naive_check(good)),
        "one pandera check per rule (rules only)": measure(lambda: pandera_check(frame), 3),
    }
    base = figures["raw polars select of all rules"]
    out = [f"{VILLAGES} × {ELEMENTS}, {RULES} rules; compiled once in {compiled:.0f} ms"]
    out += [f"{name:42} {took:8.2f} ms {took / base:7.2f} ×" for name, took in figures.items()]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
