"""A day (GB/T 7408, ISO 8601), read in the spellings that Chinese forms use."""

import re
from datetime import date, datetime
from typing import ClassVar

import polars as pl

from hub.datatypes.datatype import Datatype
from hub.datatypes.domain import Value, ValueDomain, ValueFault
from hub.datatypes.numerals import HALF_WIDTH, NUMERIC_CHARACTERS
from hub.kit.i18n import gettext as _

SPELLINGS = (
    re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"),
    re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})"),
    re.compile(r"([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})"),
    re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日"),
    re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"),
)

PLAIN = "^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$"


def read_date(text: str) -> date | None:
    for spelling in SPELLINGS:
        if found := spelling.fullmatch(text):
            try:
                return date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                return None
    return None


class Date(Datatype):
    name: ClassVar[str] = "date"
    constraints: ClassVar[frozenset[str]] = frozenset()
    unreadable: ClassVar[str] = "value-not-date"

    def parse(self, raw: object, domain: ValueDomain) -> date:  # noqa: ARG002 - nothing constrains it
        # A datetime is a date to Python, but which day it is depends on a time zone nobody named.
        if isinstance(raw, date) and not isinstance(raw, datetime):
            return raw
        value = read_date(raw.strip().translate(HALF_WIDTH)) if isinstance(raw, str) else None
        if value is None:
            raise ValueFault(self.unreadable, raw, _("必须是日期，如2026-03-31"))
        return value

    def read_plain(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - nothing constrains it
        return text.str.to_date("%Y-%m-%d", strict=False)

    def is_misread(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - nothing constrains it
        """Polars also knows the year 0 and years with a sign."""
        return ~text.str.contains(PLAIN)

    def alphabet(self, domain: ValueDomain) -> str:  # noqa: ARG002 - nothing constrains it
        return NUMERIC_CHARACTERS + "/年月日"

    def to_wire(self, value: Value) -> Value:
        return value.isoformat() if isinstance(value, date) else value

    def polars_type(self, domain: ValueDomain) -> pl.DataType:  # noqa: ARG002 - one type
        return pl.Date()

    def json_schema(self, domain: ValueDomain) -> dict[str, object]:  # noqa: ARG002 - one schema
        return {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}

    def is_narrower(self, old: ValueDomain, new: ValueDomain) -> bool:  # noqa: ARG002 - nothing can narrow
        return False
