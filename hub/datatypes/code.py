"""One value of a code list."""

from collections import Counter
from typing import ClassVar

import polars as pl

from hub.datatypes.datatype import Datatype
from hub.datatypes.domain import DomainFault, ValueDomain, ValueFault
from hub.datatypes.numerals import FULL_WIDTH, HALF_WIDTH
from hub.kit.i18n import gettext as _

CHOICES_NAMED = 8


class Code(Datatype):
    name: ClassVar[str] = "code"
    constraints: ClassVar[frozenset[str]] = frozenset({"code_list"})
    unreadable: ClassVar[str] = "value-not-permitted"

    def parse(self, raw: object, domain: ValueDomain) -> str:
        """The code itself; its meaning in words is taken too when only one code has that meaning."""
        if isinstance(raw, str):
            text = raw.strip()
            for candidate in (text, text.translate(HALF_WIDTH)):
                if candidate in domain.meanings:
                    return candidate
            value = domain.values_by_meaning.get(text)
            if value is not None:
                return value
        choices = [f"{item.value} {item.meaning}" for item in domain.permissible_values]
        listed = "、".join(choices[:CHOICES_NAMED]) + ("…" if len(choices) > CHOICES_NAMED else "")
        raise ValueFault(self.unreadable, raw, _("必须从代码表中选（{choices}）").format(choices=listed))

    def read_plain(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - a code is its own spelling
        return text

    def is_misread(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:
        return ~text.is_in([value for value in domain.meanings if value == value.strip()])

    def is_doubtful(self, value: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - any text may be
        return value.is_not_null()

    def alphabet(self, domain: ValueDomain) -> str:
        return "".join((FULL_WIDTH, *domain.meanings, *domain.meanings.values()))

    def polars_type(self, domain: ValueDomain) -> pl.DataType:  # noqa: ARG002 - one type
        return pl.String()

    def json_schema(self, domain: ValueDomain) -> dict[str, object]:
        return {"enum": list(domain.meanings)}

    def is_narrower(self, old: ValueDomain, new: ValueDomain) -> bool:
        """A code that is gone, or that now means something else, breaks those who read it."""
        return not old.meanings.items() <= new.meanings.items()

    def check_domain(self, domain: ValueDomain) -> list[DomainFault]:
        faults = super().check_domain(domain)
        if not domain.permissible_values:
            faults.append(DomainFault("code_list", _("代码表是空的")))
        counts = Counter(item.value for item in domain.permissible_values)
        faults.extend(
            DomainFault("permissible_values", _("代码“{value}”重复").format(value=value))
            for value, count in counts.items()
            if count > 1
        )
        if any(not value or value != value.strip() for value in counts):
            faults.append(DomainFault("permissible_values", _("代码不能为空，首尾不能有空格")))
        return faults
