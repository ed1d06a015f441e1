"""What a value may be (ISO/IEC 11179 value domain), and how a value is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from hub.kit.i18n import gettext as _

Value = int | Decimal | bool | str | date

LONGEST_SHOWN = 40
WIDEST_SHOWN_INTEGER = 10**20


@dataclass(frozen=True)
class PermissibleValue:
    value: str
    meaning: str


@dataclass(frozen=True)
class ValueDomain:
    """One flat shape for every datatype; `check_domain` refuses constraints that a datatype does not know."""

    datatype: str
    unit: str | None = None
    minimum: int | Decimal | None = None
    maximum: int | Decimal | None = None
    maximum_length: int | None = None
    decimals: int | None = None
    pattern: str | None = None
    code_list: str | None = None
    permissible_values: tuple[PermissibleValue, ...] = ()

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        return {item.value: item.meaning for item in self.permissible_values}

    @cached_property
    def values_by_meaning(self) -> Mapping[str, str | None]:
        """Meaning to value; None marks a meaning that two values share and that therefore names neither."""
        found: dict[str, str | None] = {}
        for item in self.permissible_values:
            found[item.meaning] = None if item.meaning in found else item.value
        return found


@dataclass(frozen=True)
class DomainFault:
    """A value domain that makes no sense: which of its fields, and why."""

    field: str
    message: str


class ValueFault(ValueError):
    """A value that its domain refuses.

    `code` is one of the stable finding codes; `expectation` says what the value must be, in the language
    of the caller, so that every message can tell both what is wanted and what was seen.
    """

    def __init__(self, code: str, raw: object, expectation: str) -> None:
        super().__init__(f"{code}: {expectation}")
        self.code = code
        self.raw = raw
        self.expectation = expectation

    def message(self, name: str) -> str:
        return _("{name}：{expectation}，现在是“{value}”").format(
            name=name, expectation=self.expectation, value=shown(self.raw)
        )


def shown(raw: object) -> str:
    """What a person typed, short enough for a sentence and never a crash.

    Python refuses to print integers of more than 4,300 digits, and a nested document is not a value.
    """
    match raw:
        case None:
            return _("空")
        case bool():
            return _("是") if raw else _("否")
        case int() if abs(raw) >= WIDEST_SHOWN_INTEGER:
            return _("一个超过20位的数")
        case int() | Decimal() | date():
            text = str(raw)
        case str():
            text = raw.strip()
        case _:
            return _("一组数据")
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


# What `str.strip` takes away, for those who look at a whole column (a test keeps it so).
BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


def is_blank(raw: object) -> bool:
    """Nothing was typed: an empty cell is no answer, and not the answer zero."""
    return raw is None or (isinstance(raw, str) and not raw.strip())
