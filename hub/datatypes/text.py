"""Names, notes, numbers that are not quantities (0012 stays 0012)."""

import re
import unicodedata
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from hub.datatypes.datatype import Datatype
from hub.datatypes.domain import DomainFault, ValueDomain, ValueFault
from hub.kit.i18n import gettext as _

DEFAULT_MAXIMUM_LENGTH = 1000
LINE_BREAKS_AND_TABS = frozenset("\n\r\t")
# Control characters; surrogates have no UTF-8, and PostgreSQL takes no NUL.
UNPRINTABLE = frozenset({"Cc", "Cs"})

# Not empty, not blank at either end, no control character (no line break either: `parse` decides which may stand).
PLAIN = r"^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$"


def maximum_length_of(domain: ValueDomain) -> int:
    return DEFAULT_MAXIMUM_LENGTH if domain.maximum_length is None else domain.maximum_length


def is_printable(text: str) -> bool:
    return text.isprintable() or not any(
        unicodedata.category(character) in UNPRINTABLE and character not in LINE_BREAKS_AND_TABS for character in text
    )


class Text(Datatype):
    name: ClassVar[str] = "text"
    constraints: ClassVar[frozenset[str]] = frozenset({"maximum_length", "pattern"})
    unreadable: ClassVar[str] = "value-not-text"

    def parse(self, raw: object, domain: ValueDomain) -> str:
        if not isinstance(raw, str):
            raise ValueFault(self.unreadable, raw, _("必须是文字"))
        value = raw.strip()
        limit = maximum_length_of(domain)
        if len(value) > limit:
            raise ValueFault("value-too-long", raw, _("最多{limit}个字").format(limit=limit))
        if not is_printable(value):
            raise ValueFault(self.unreadable, raw, _("不能含有控制字符"))
        if domain.pattern is not None and not re.fullmatch(domain.pattern, value):
            raise ValueFault("value-pattern-mismatch", raw, _("必须符合格式{pattern}").format(pattern=domain.pattern))
        return value

    def read_plain(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - a text is its own spelling
        return text

    def is_misread(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:
        """A pattern is Python's, and polars has other regular expressions: `parse` judges each different text once."""
        return ~text.str.contains(PLAIN) if domain.pattern is None else text.is_not_null()

    def refusals(self, value: pl.Expr, domain: ValueDomain) -> Mapping[str, pl.Expr]:
        return {"value-too-long": value.str.len_chars() > maximum_length_of(domain)}

    def is_doubtful(self, value: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - any text may be
        return value.is_not_null()

    def polars_type(self, domain: ValueDomain) -> pl.DataType:  # noqa: ARG002 - one type
        return pl.String()

    def json_schema(self, domain: ValueDomain) -> dict[str, object]:
        schema: dict[str, object] = {"type": "string", "maxLength": maximum_length_of(domain)}
        if domain.pattern is not None:
            schema["pattern"] = f"^(?:{domain.pattern})$"
        return schema

    def is_narrower(self, old: ValueDomain, new: ValueDomain) -> bool:
        is_shorter = maximum_length_of(new) < maximum_length_of(old)
        return is_shorter or (new.pattern is not None and new.pattern != old.pattern)

    def check_domain(self, domain: ValueDomain) -> list[DomainFault]:
        faults = super().check_domain(domain)
        if maximum_length_of(domain) < 1:
            faults.append(DomainFault("maximum_length", _("长度必须至少为1")))
        if domain.pattern is not None:
            try:
                re.compile(domain.pattern)
            except re.error:
                faults.append(DomainFault("pattern", _("格式不是有效的正则表达式")))
        return faults
