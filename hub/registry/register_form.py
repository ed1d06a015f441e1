"""The form on which an element is registered: what was typed, read into the wire's words, and back again. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.kit.problems import from_validation_error
from hub.kit.shown import cell
from hub.kit.wire import ISO_DATE
from hub.registry.checks import missing_facets
from hub.registry.definition import CONSTRAINTS, ElementDefinition
from hub.registry.facets import DEFINITION_FACETS
from hub.registry.schemas import DataElementCreate

Typed = Mapping[str, str]

# Fields of the wire that are one input each; the others are put together below.
WORDS = (
    "identifier",
    "definition",
    "object_class",
    "property",
    "period_type",
    "source",
    "expression",
    "applies_when",
    "source_organization",
    "steward",
    "submitting_organization",
    "source_decision",
    "legal_basis",
    "sharing_type",
    "sharing_conditions",
    "sensitivity",
    "collection_basis",
    "example",
)
# Picked, or typed beside the list when it is a new one.
PICKED_OR_TYPED = ("topic", "value_domain_unit")
OTHER = "_other"
# Sent as they are in the wire's words when a fault elsewhere would keep the rest from being looked at.
_STAND_INS: Mapping[str, Any] = {
    "identifier": "not_said",
    "names": {"zh": "—"},
    "object_class": "village",
    "property": "not_said",
    "value_domain": {"datatype": "text"},
    "period_type": "month",
    "source": "captured",
    "sharing_type": "conditional",
}
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass
class ReadForm:
    """`element` is None when too little could be read; `faults` holds everything that was found."""

    element: ElementDefinition | None
    faults: list[ErrorItem] = field(default_factory=list)


def typed_of(element: ElementDefinition) -> dict[str, str]:
    """A definition as it stands in the form's fields."""
    said = {name: getattr(element, name) for name in WORDS if name != "property"}
    said |= {
        "property": element.property_name,
        "names_zh": element.name_zh,
        "names_en": element.name_en,
        "aliases": "\n".join(element.aliases),
        "required": "yes" if element.is_required else "",
        "topic": element.topic,
        "order": element.position,
        "valid_from": element.valid_from.isoformat(),
        "valid_until": element.valid_until.isoformat() if element.valid_until else "",
        "value_domain_datatype": element.domain.datatype,
        "value_domain_code_list": element.domain.code_list,
        **{f"value_domain_{name}": getattr(element.domain, name) for name in CONSTRAINTS},
        **{f"facets_{name}": facet_text(value) for name, value in element.facets.items()},
    }
    return {name: cell(value) for name, value in said.items()}


def facet_text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else cell(value)


def read_form(typed: Typed, held: ElementDefinition | None = None) -> ReadForm:
    """The definition that was typed. With `held`, what the form cannot say stays as it is."""
    reader = _Reader(typed, held)
    wire, faults = reader.wire(), reader.faults
    element, refused = _validated(wire)
    if element is None:
        # Once more with stand-ins, so that what is wrong elsewhere is told in the same breath.
        stood_in = {**wire, **{name: _STAND_INS[name] for name in _named(refused) & _STAND_INS.keys()}}
        for name in _named(refused) - _STAND_INS.keys():
            stood_in.pop(name, None)
        element, _again = _validated(stood_in)
    at_fault = {item.pointer for item in faults}
    faults += [item for item in refused if item.pointer not in at_fault]
    if element is not None:
        # An element that never said it is not made another fact by being asked now.
        never_said = {item.pointer for item in missing_facets(held)} if held else set()
        faults += [item for item in missing_facets(element) if item.pointer not in never_said]
    return ReadForm(element, faults)


def _validated(wire: Mapping[str, Any]) -> tuple[ElementDefinition | None, list[ErrorItem]]:
    try:
        return DataElementCreate.model_validate(wire).element(), []
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        found = from_validation_error(RequestValidationError(faults)).errors
        return None, list({item.pointer: item for item in found}.values())


def _named(faults: list[ErrorItem]) -> set[str]:
    return {item.pointer.split("/")[1] for item in faults}


class _Reader:
    """One pass over the form; what is no number or no day is told here, in a form's words."""

    def __init__(self, typed: Typed, held: ElementDefinition | None) -> None:
        self._typed = typed
        self._held = held
        self.faults: list[ErrorItem] = []

    def wire(self) -> dict[str, Any]:
        said: dict[str, Any] = {name: self._text(name) for name in WORDS}
        said |= {
            "topic": self._picked("topic"),
            "names": _without_empty({"zh": self._text("names_zh"), "en": self._text("names_en")}),
            "aliases": [line.strip() for line in self._typed.get("aliases", "").splitlines() if line.strip()],
            "required": bool(self._text("required")),
            "facets": self._facets(),
            "value_domain": self._domain(),
            "order": self._whole("order", "/order"),
            "valid_from": self._day("valid_from"),
            "valid_until": self._day("valid_until"),
        }
        return _without_empty(said)

    def _text(self, name: str) -> str | None:
        return self._typed.get(name, "").strip() or None

    def _picked(self, name: str) -> str | None:
        return self._text(name + OTHER) or self._text(name)

    def _fault(self, pointer: str, code: str, message: str) -> None:
        self.faults.append(ErrorItem(pointer, code, message))

    def _number(self, name: str, pointer: str) -> Decimal | int | None:
        text = self._text(name)
        if text is None or _NUMBER.fullmatch(text):
            return None if text is None else Decimal(text)
        self._fault(pointer, "number_wanted", _("必须是数字，现在是“{value}”。").format(value=text[:40]))
        return None

    def _whole(self, name: str, pointer: str) -> int | None:
        text = self._text(name)
        if text is None or _WHOLE.fullmatch(text):
            return None if text is None else int(text)
        self._fault(pointer, "number_wanted", _("必须是整数，现在是“{value}”。").format(value=text[:40]))
        return None

    def _day(self, name: str) -> str | None:
        text = self._text(name)
        try:
            if text is not None and ISO_DATE.fullmatch(text):
                return date.fromisoformat(text).isoformat()
        except ValueError:
            pass  # told below, as anything else that is no day
        if text is not None:
            message = _("必须是日期，如 2026-01-01，现在是“{value}”。").format(value=text[:40])
            self._fault(f"/{name}", "date_wanted", message)
        return None

    def _domain(self) -> dict[str, Any]:
        return _without_empty(
            {
                "datatype": self._text("value_domain_datatype"),
                "unit": self._picked("value_domain_unit"),
                "minimum": self._number("value_domain_minimum", "/value_domain/minimum"),
                "maximum": self._number("value_domain_maximum", "/value_domain/maximum"),
                "decimals": self._whole("value_domain_decimals", "/value_domain/decimals"),
                "maximum_length": self._whole("value_domain_maximum_length", "/value_domain/maximum_length"),
                "pattern": self._text("value_domain_pattern"),
                "code_list": self._text("value_domain_code_list"),
            }
        )

    def _facets(self) -> dict[str, Any]:
        """A value that was not touched stays what it is: 6 is not the text "6"."""
        held = dict(self._held.facets) if self._held else {}
        names = dict.fromkeys([*DEFINITION_FACETS, *held])
        found = {}
        for name in names:
            text = self._text(f"facets_{name}")
            if text is not None:
                same = name in held and facet_text(held[name]) == text
                found[name] = held[name] if same else _number_or_word(text)
        other, value = self._text("facet_name"), self._text("facet_value")
        if (other is None) != (value is None):
            message = _("其他分面的名称和取值要一起填。")
            self._fault("/facet_value" if other else "/facet_name", "facet_incomplete", message)
        elif other is not None:
            found[other] = _number_or_word(value or "")
        return found


def _number_or_word(text: str) -> int | str:
    return int(text) if _WHOLE.fullmatch(text) else text


def _without_empty(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}
