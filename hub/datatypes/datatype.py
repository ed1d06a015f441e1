"""The one shape every kind of value has."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import polars as pl

from hub.datatypes.domain import BLANKS, DomainFault, Value, ValueDomain
from hub.kit.i18n import gettext as _


class Datatype(ABC):
    name: ClassVar[str]
    # The constraints of a ValueDomain that mean something for this kind; any other is refused.
    constraints: ClassVar[frozenset[str]]
    # The finding code of a cell that is no such value at all.
    unreadable: ClassVar[str]

    @abstractmethod
    def parse(self, raw: object, domain: ValueDomain) -> Value:
        """The typed value, or ValueFault. Blank input is the caller's question, not a value."""

    @abstractmethod
    def read_plain(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:
        """What polars makes of a column of cells; null where it can make nothing of one.

        A column of a county's import is read at once like this, and only what stays null goes to `parse`, cell by
        cell, with what `is_misread`. Whether a domain permits the values is judged by `refusals`.
        """

    @abstractmethod
    def is_misread(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:
        """Cells that `read_plain` reads otherwise than `parse` does, or may. Apart, because mostly there are none."""

    def refusals(self, value: pl.Expr, domain: ValueDomain) -> Mapping[str, pl.Expr]:  # noqa: ARG002 - most have none
        """By finding code, which values of `read_plain` the domain refuses; the first code that applies is told."""
        return {}

    def is_doubtful(self, value: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - most have none
        """Which values, typed but not read from a cell (computed, or held since long), `parse` itself has to judge."""
        return pl.lit(value=False)

    def respelled(self, text: pl.Expr) -> pl.Expr:
        """Cells not written plainly, spelled so that `read_plain` may succeed; to `parse` they are the same."""
        return text.str.strip_chars(BLANKS)

    def refused_spellings(self, text: pl.Expr, domain: ValueDomain) -> Sequence[tuple[str, pl.Expr]]:
        """Which cells `parse` is sure to refuse, and with which finding code; the first that applies is told.

        It spares a column full of remarks the reading of every cell. Blank cells are none of these, and every other
        is left to `parse`.
        """
        alphabet = self.alphabet(domain)
        return [] if alphabet is None else [(self.unreadable, text.str.contains(any_character_but(alphabet + BLANKS)))]

    def alphabet(self, domain: ValueDomain) -> str | None:  # noqa: ARG002 - of some kinds every character may be
        """The characters a readable cell may have, blanks apart; None for any. With another it is `unreadable`."""
        return None

    @abstractmethod
    def polars_type(self, domain: ValueDomain) -> pl.DataType: ...

    @abstractmethod
    def json_schema(self, domain: ValueDomain) -> dict[str, object]: ...

    @abstractmethod
    def is_narrower(self, old: ValueDomain, new: ValueDomain) -> bool:
        """Whether a value that was good under `old` can be refused, or mean something else, under `new`."""

    def to_wire(self, value: Value) -> Value:
        return value

    @property
    def is_respelled(self) -> bool:
        """Whether a value goes over the wire as another one than it is."""
        return type(self).to_wire is not Datatype.to_wire

    def check_domain(self, domain: ValueDomain) -> list[DomainFault]:
        given = {
            "minimum": domain.minimum,
            "maximum": domain.maximum,
            "maximum_length": domain.maximum_length,
            "decimals": domain.decimals,
            "pattern": domain.pattern,
            "code_list": domain.code_list,
        }
        return [
            DomainFault(field, _("{datatype}类型不能设{field}").format(datatype=self.name, field=field))
            for field, value in given.items()
            if value is not None and field not in self.constraints
        ]


def any_character_but(characters: str) -> str:
    """As a regular expression."""
    return "[^" + "".join(f"\\x{{{ord(character):x}}}" for character in dict.fromkeys(characters)) + "]"
