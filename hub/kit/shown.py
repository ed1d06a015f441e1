"""How things are shown, on a page or in a file."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hub.kit import json
from hub.kit.clock import CHINA
from hub.kit.i18n import gettext as _


@dataclass(frozen=True)
class Choice:
    """One thing to choose: what is sent, and what is read."""

    value: str
    label: str


def day(value: date | None) -> str:
    if value is None:
        return "—"
    return _("{year}年{month}月{day}日").format(year=value.year, month=value.month, day=value.day)


def instant(value: datetime | None) -> str:
    """In China's time, to the minute; the second matters on receipts only, which say it themselves."""
    return "—" if value is None else value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def cell(value: Any) -> str:
    """A value as text: what was typed as it was typed, numbers exact, anything odd as JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return _("是") if value else _("否")
        case Decimal():
            return format(value, "f")
        case int() | date():
            return str(value)
        case _:
            return json.dumps(value)
