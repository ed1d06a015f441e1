"""The one shape every kind of value has."""

from abc import ABC, abstractmethod
from typing import ClassVar

import polars as pl

from hub.datatypes.domain import DomainFault, Value, ValueDomain
from hub.kit.i18n import gettext as _


class Datatype(ABC):
    name: ClassVar[str]
    # The constraints of a ValueDomain that mean something for this kind; any other is refused.
    constraints: ClassVar[frozenset[str]]

    @abstractmethod
    def parse(self, raw: object, domain: ValueDomain) -> Value:
        """The typed value, or ValueFault. Blank input is the caller's question, not a value."""

    @abstractmethod
    def polars_type(self, domain: ValueDomain) -> pl.DataType: ...

    @abstractmethod
    def json_schema(self, domain: ValueDomain) -> dict[str, object]: ...

    @abstractmethod
    def is_narrower(self, old: ValueDomain, new: ValueDomain) -> bool:
        """Whether a value that was good under `old` can be refused, or mean something else, under `new`."""

    def to_wire(self, value: Value) -> Value:
        return value

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
