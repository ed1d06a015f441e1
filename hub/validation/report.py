"""What goes into a check and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from hub.datatypes import Value
from hub.validation.lookback import Past
from hub.validation.specification import Severity

MISSING_REASONS = frozenset({"none", "not_applicable", "not_yet_known", "refused"})


@dataclass(frozen=True)
class Row:
    """One row as it was typed. `past` (see `recall`) and `supplied` hold what the hub already has for it."""

    division: str
    values: Mapping[str, object] = field(default_factory=dict)
    missing: Mapping[str, object] = field(default_factory=dict)
    past: Past = field(default_factory=dict)
    supplied: Mapping[str, object] = field(default_factory=dict)
    division_name: str = ""
    entity: str = ""

    @property
    def place(self) -> str:
        return f"{self.division_name or self.division}{self.entity and f'（{self.entity}）'}"


@dataclass(frozen=True)
class TypedRow:
    """One row ready to be stored: captured and derived values, typed, and the reasons for what is missing."""

    division: str
    entity: str
    values: Mapping[str, Value]
    missing: Mapping[str, str]


@dataclass(frozen=True)
class Finding:
    """`element` is the blamed one, `elements` all that a rule names; `code` is stable, `message` is for people."""

    severity: Severity
    code: str
    message: str
    division: str
    entity: str = ""
    element: str | None = None
    elements: tuple[str, ...] = ()
    rule: str | None = None
    value: object = None


@dataclass(frozen=True)
class ValidationReport:
    """Every finding at once, in the order of rows and then of the form's elements.

    `typed_rows` leaves out what could not be read, so it may be stored only when the report is valid.
    """

    findings: tuple[Finding, ...]
    typed_rows: tuple[TypedRow, ...]

    @cached_property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @cached_property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "warning")

    @property
    def is_valid(self) -> bool:
        return not self.errors
