"""What is said of a data element, a rule or a code list, whichever door it came through. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

from hub.datatypes import PermissibleValue, ValueDomain

# The parts of a value domain that are kept as they are; datatype and code list have columns of their own.
CONSTRAINTS = ("unit", "minimum", "maximum", "maximum_length", "decimals", "pattern")
QUALIFIED_NEEDS = ("definition", "source_organization", "steward", "legal_basis")


def _differences(one: "DataclassInstance", other: "DataclassInstance") -> tuple[str, ...]:
    names = [part.name for part in fields(one)]
    return tuple(name for name in names if getattr(one, name) != getattr(other, name))


@dataclass(frozen=True)
class ElementDefinition:
    """One definition of a data element; `domain` names its code list, and holds no values of it."""

    identifier: str
    name_zh: str
    object_class: str
    property_name: str
    domain: ValueDomain
    period_type: str
    source: str
    sharing_type: str
    valid_from: date
    name_en: str | None = None
    aliases: tuple[str, ...] = ()
    definition: str | None = None
    facets: Mapping[str, Any] = field(default_factory=dict)
    code_list_version: int | None = None
    expression: str | None = None
    applies_when: str | None = None
    is_required: bool = False
    topic: str = ""
    position: int = 0
    collection_basis: str = "administrative"
    source_organization: str | None = None
    steward: str | None = None
    submitting_organization: str | None = None
    source_decision: str | None = None
    legal_basis: str | None = None
    sharing_conditions: str | None = None
    sensitivity: str = "internal"
    example: str | None = None
    valid_until: date | None = None

    @property
    def form(self) -> tuple[str, str]:
        return self.object_class, self.period_type

    @property
    def is_complete(self) -> bool:
        """ISO/IEC 11179-6: an item that lacks something mandatory is `incomplete`."""
        return all(getattr(self, name) for name in QUALIFIED_NEEDS)

    def differences(self, other: "ElementDefinition") -> tuple[str, ...]:
        """The names of what the two say differently, in the order of the fields."""
        return _differences(self, other)


@dataclass(frozen=True)
class RuleDefinition:
    identifier: str
    object_class: str
    period_type: str
    expression: str
    severity: str
    element: str
    message_zh: str
    message_en: str | None = None

    @property
    def form(self) -> tuple[str, str]:
        return self.object_class, self.period_type

    def differences(self, other: "RuleDefinition") -> tuple[str, ...]:
        return _differences(self, other)


@dataclass(frozen=True)
class CodeListDefinition:
    """An enumerated value domain; the order of its values is the order in which they are offered."""

    identifier: str
    name: str
    values: tuple[PermissibleValue, ...]
    source: str | None = None

    def differences(self, other: "CodeListDefinition") -> tuple[str, ...]:
        return _differences(self, other)
