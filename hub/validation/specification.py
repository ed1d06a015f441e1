"""What validation needs to know of elements and rules. It knows no registry: who has one fills these in."""

from dataclasses import dataclass
from typing import Literal

from hub.datatypes import ValueDomain
from hub.kit.i18n import current_language

Source = Literal["captured", "derived", "supplied"]
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class ElementSpec:
    """`applies_when`: a statement over the form; where it is false the element is asked of nobody."""

    identifier: str
    version: int
    name: str
    domain: ValueDomain
    name_en: str | None = None
    required: bool = False
    source: Source = "captured"
    expression: str | None = None
    applies_when: str | None = None

    @property
    def label(self) -> str:
        return self.name_en if self.name_en and current_language() == "en" else self.name


@dataclass(frozen=True)
class RuleSpec:
    """`blamed` is the element beside whose cell the finding stands; by default the first captured one named."""

    identifier: str
    version: int
    expression: str
    severity: Severity
    message: str
    message_en: str | None = None
    blamed: str | None = None

    @property
    def sentence(self) -> str:
        return self.message_en if self.message_en and current_language() == "en" else self.message
