"""A cell's value as the text that a person would type. What is stored as 213.0 was typed as 213."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

FIRST_TOO_LONG = 1e15
_LONGEST_PLAIN = 30


def number_text(number: float) -> str:
    """At most 15 digits: a spreadsheet shows no more, and the rest is binary noise (0.1 + 0.2)."""
    if number.is_integer() and abs(number) < FIRST_TOO_LONG:
        return str(int(number))
    text = repr(number)
    if len(text) > 16 or "e" in text:  # noqa: PLR2004 - 15 digits and a point
        text = format(number, ".15g")
    if "e" in text and abs(Decimal(text).adjusted()) <= _LONGEST_PLAIN:
        return format(Decimal(text), "f")
    return text


def percent_text(number: float) -> str:
    """25.5% is stored as 0.255. Taken for a number, it would be wrong by a hundred times and nobody would see it."""
    return number_text(float(format(number * 100, ".15g"))) + "%"


def cell_text(value: object) -> str:
    """A number's `bool` is asked for before its `int`: True is one to Python."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(float(value)) if isinstance(value, float) else str(value)
    if isinstance(value, datetime):
        is_day = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.date().isoformat() if is_day else value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return ""
