"""Yes or no."""

from typing import ClassVar

import polars as pl

from hub.datatypes.datatype import Datatype
from hub.datatypes.domain import ValueDomain, ValueFault
from hub.kit.i18n import gettext as _

# What workbooks and people write. JSON's 1 and 0 are numbers and stay refused; a cell's text "1" is a habit.
YES = frozenset({"是", "有", "true", "yes", "1", "１", "√", "✓"})
NO = frozenset({"否", "无", "false", "no", "0", "０", "×", "✗"})


class Boolean(Datatype):
    name: ClassVar[str] = "boolean"
    constraints: ClassVar[frozenset[str]] = frozenset()
    unreadable: ClassVar[str] = "value-not-boolean"

    def parse(self, raw: object, domain: ValueDomain) -> bool:  # noqa: ARG002 - nothing constrains it
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str):
            text = raw.strip().lower()
            if text in YES:
                return True
            if text in NO:
                return False
        raise ValueFault(self.unreadable, raw, _("必须填“是”或“否”"))

    def read_plain(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - nothing constrains it
        return text.is_in(YES)

    def is_misread(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - nothing constrains it
        return ~text.is_in(YES | NO)

    def alphabet(self, domain: ValueDomain) -> str:  # noqa: ARG002 - nothing constrains it
        words = "".join(sorted(YES | NO))
        return words + words.upper()

    def polars_type(self, domain: ValueDomain) -> pl.DataType:  # noqa: ARG002 - one type
        return pl.Boolean()

    def json_schema(self, domain: ValueDomain) -> dict[str, object]:  # noqa: ARG002 - one schema
        return {"type": "boolean"}

    def is_narrower(self, old: ValueDomain, new: ValueDomain) -> bool:  # noqa: ARG002 - nothing can narrow
        return False
