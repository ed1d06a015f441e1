"""Derived elements of rows that are still being typed."""

from collections.abc import Mapping, Sequence

from hub.datatypes import Value, ValueFault, parse
from hub.validation.form import FormSpec
from hub.validation.reading import build_frame, read_row
from hub.validation.report import Row


def derive(spec: FormSpec, rows: Sequence[Row]) -> Sequence[Mapping[str, Value | None]]:
    """For each row, identifier to derived value; None while an operand is absent or cannot be read."""
    derivations = [derivation for step in spec.plan.steps for derivation in step]
    if not derivations or not rows:
        return [{} for _row in rows]
    frame = build_frame(spec.plan, [read_row(spec, row) for row in rows])
    derived: list[dict[str, Value | None]] = [{} for _row in rows]
    for derivation in derivations:
        element = derivation.element
        for found, value in zip(derived, frame[element.identifier].to_list(), strict=True):
            try:
                found[element.identifier] = None if value is None else parse(value, element.domain)
            except ValueFault:
                found[element.identifier] = None
    return derived
