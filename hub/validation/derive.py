"""Rows that are still being typed: what is computed of them, and what they are not asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.datatypes import Value, ValueFault, parse
from hub.validation.form import FormSpec
from hub.validation.reading import build_frame, read_row
from hub.validation.report import Row


@dataclass(frozen=True)
class LiveRow:
    """`derived`: identifier to value, None while an operand is absent or cannot be read.

    `inapplicable`: the elements that do not apply here by their own condition, whatever stands in their cells.
    """

    derived: dict[str, Value | None] = field(default_factory=dict)
    inapplicable: set[str] = field(default_factory=set)


def derive(spec: FormSpec, rows: Sequence[Row]) -> Sequence[Mapping[str, Value | None]]:
    return [one.derived for one in look_over(spec, rows)]


def look_over(spec: FormSpec, rows: Sequence[Row]) -> Sequence[LiveRow]:
    found = [LiveRow() for _row in rows]
    plan = spec.plan
    derivations = [derivation for step in plan.steps for derivation in step]
    if not rows or not (derivations or plan.applicability):
        return found
    frame = build_frame(plan, [read_row(spec, row) for row in rows])
    for derivation in derivations:
        element = derivation.element
        for one, value in zip(found, frame[element.identifier].to_list(), strict=True):
            try:
                one.derived[element.identifier] = None if value is None else parse(value, element.domain)
            except ValueFault:
                one.derived[element.identifier] = None
    for condition in plan.applicability:
        answers = frame.select(condition.compiled.polars).to_series().to_list()
        for one, applies in zip(found, answers, strict=True):
            if applies is False:
                one.inapplicable.add(condition.element.identifier)
    return found
