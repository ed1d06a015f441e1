"""How many departments each figure served, and how many forms that saved. Pure: counted from the read log, not guessed.

The rule: a department that read a figure of a period under a grant would otherwise have sent a form for it. The first
one's form is the one that was filled in; each further department's was avoided.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One department met one element for one period, at least once."""

    element: str
    object_class: str
    period: str
    organization: str


@dataclass(frozen=True)
class ServedElement:
    """`departments` read it; `avoided`: over its periods, the departments beyond the first."""

    element: str
    departments: int
    periods: int
    avoided: int


@dataclass(frozen=True)
class Served:
    """`forms_avoided` counts whole forms: of one object class for one period; `items_avoided` their single figures."""

    elements: tuple[ServedElement, ...]
    departments: int
    forms_avoided: int
    items_avoided: int


def count_served(readings: Iterable[Reading]) -> Served:
    """Elements that served most come first."""
    by_element: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    by_form: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in readings:
        by_element[one.element][one.period].add(one.organization)
        by_form[one.object_class, one.period].add(one.organization)
    elements = sorted(
        (_element(name, periods.values()) for name, periods in by_element.items()),
        key=lambda one: (-one.departments, -one.avoided, one.element),
    )
    return Served(
        elements=tuple(elements),
        departments=len(set().union(*by_form.values())),
        forms_avoided=_beyond_the_first(by_form.values()),
        items_avoided=sum(one.avoided for one in elements),
    )


def _element(name: str, periods: Collection[set[str]]) -> ServedElement:
    return ServedElement(name, len(set().union(*periods)), len(periods), _beyond_the_first(periods))


def _beyond_the_first(groups: Iterable[set[str]]) -> int:
    return sum(len(organizations) - 1 for organizations in groups)
