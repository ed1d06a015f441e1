"""From the registry's element versions to one ordered form. Nobody designs a form: it falls out of the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.validation import Source, named_identifiers

Obligation = Literal["mandatory", "optional"]


@dataclass(frozen=True)
class OfferedElement:
    """An element version that the registry lets onto a form."""

    identifier: str
    version: int
    topic: str
    position: int
    source: Source
    is_required: bool
    expression: str | None = None


@dataclass(frozen=True)
class OfferedRule:
    identifier: str
    version: int
    elements: tuple[str, ...]


@dataclass(frozen=True)
class AssembledItem:
    identifier: str
    element_version: int
    section: str
    position: int
    obligation: Obligation


@dataclass(frozen=True)
class Assembly:
    items: tuple[AssembledItem, ...]
    rules: tuple[OfferedRule, ...]


def assemble(elements: Sequence[OfferedElement], rules: Sequence[OfferedRule]) -> Assembly:
    """Each element once, in sections by topic, always in the same order whatever order they come in.

    A section stands where its first element stands. A derived element whose operands nobody fills in
    could never have a value, and a rule over an element that is not asked could never be judged: both
    are left out.
    """
    asked = _computable(_newest(elements))
    first_of_topic: dict[str, int] = {}
    for element in asked.values():
        first_of_topic[element.topic] = min(element.position, first_of_topic.get(element.topic, element.position))
    ordered = sorted(
        asked.values(),
        key=lambda element: (first_of_topic[element.topic], element.topic, element.position, element.identifier),
    )
    items = tuple(
        AssembledItem(element.identifier, element.version, element.topic, place, _obligation(element))
        for place, element in enumerate(ordered, start=1)
    )
    kept = {rule.identifier: rule for rule in sorted(rules, key=lambda rule: rule.version)}
    return Assembly(
        items, tuple(rule for _identifier, rule in sorted(kept.items()) if asked.keys() >= set(rule.elements))
    )


def _newest(elements: Sequence[OfferedElement]) -> dict[str, OfferedElement]:
    return {element.identifier: element for element in sorted(elements, key=lambda element: element.version)}


def _computable(asked: Mapping[str, OfferedElement]) -> dict[str, OfferedElement]:
    """Without the derived elements whose operands are not on the form, nor those that build on them."""
    kept = dict(asked)
    while lost := [element for element in kept.values() if not _has_operands(element, kept)]:
        for element in lost:
            del kept[element.identifier]
    return kept


def _has_operands(element: OfferedElement, kept: Mapping[str, OfferedElement]) -> bool:
    if element.source != "derived" or element.expression is None:
        return True
    return all(identifier in kept for identifier in named_identifiers(element.expression))


def _obligation(element: OfferedElement) -> Obligation:
    """Only what a person fills in can be owed."""
    return "mandatory" if element.is_required and element.source == "captured" else "optional"


@dataclass(frozen=True)
class Difference:
    """What publishing would change, by identifier."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    revised: tuple[str, ...] = ()


def difference(published: Mapping[str, int], assembled: Mapping[str, int]) -> Difference:
    """Two versions compared by identifier and element (or rule) version."""
    return Difference(
        added=tuple(sorted(assembled.keys() - published.keys())),
        removed=tuple(sorted(published.keys() - assembled.keys())),
        revised=tuple(
            sorted(
                identifier
                for identifier in assembled.keys() & published.keys()
                if assembled[identifier] != published[identifier]
            )
        ),
    )
