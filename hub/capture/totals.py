"""Column totals under a township's rows."""

from collections.abc import Iterable
from decimal import Decimal

from hub.datatypes import ValueFault, is_blank, parse
from hub.forms.content import FormField

# Counts of people, households and things add up over villages; averages, codes and dates do not.
COUNTED_UNITS = frozenset({"人", "户", "人次", "个"})


def is_counted(one: FormField) -> bool:
    return one.spec.domain.datatype == "integer" and one.spec.domain.unit in COUNTED_UNITS


def column_total(one: FormField, cells: Iterable[object]) -> str:
    """The sum of what can be read so far; empty where a sum would mean nothing."""
    domain = one.spec.domain
    if not is_counted(one):
        return ""
    total = Decimal(0)
    for cell in cells:
        try:
            value = None if is_blank(cell) else parse(cell, domain)
        except ValueFault:
            continue
        if isinstance(value, int | Decimal):
            total += value
    return str(total)
