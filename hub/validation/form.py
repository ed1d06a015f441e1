"""One published version of a form, as validation sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hub.validation.plan import FormPlan, build_plan
from hub.validation.specification import ElementSpec, RuleSpec


@dataclass(frozen=True)
class FormSpec:
    """Keep the object as long as the version is in use: the first use of `plan` compiles all its rules."""

    code: str
    version: int
    elements: tuple[ElementSpec, ...]
    rules: tuple[RuleSpec, ...] = ()

    @cached_property
    def by_identifier(self) -> Mapping[str, ElementSpec]:
        return {element.identifier: element for element in self.elements}

    @cached_property
    def order(self) -> Mapping[str, int]:
        return {element.identifier: place for place, element in enumerate(self.elements)}

    @cached_property
    def plan(self) -> FormPlan:
        """RuleFault when a rule or a derivation cannot stand on this form."""
        return build_plan(self.elements, self.rules)
