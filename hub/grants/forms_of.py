"""The tables that a grant opens: its elements by what they are about and how often. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from hub.calendar.periods import Period, PeriodType
from hub.registry.models import DataElementVersion
from hub.registry.words import word

# A year of months, and the years before.
MOST_PERIODS = 24


@dataclass(frozen=True)
class GrantedForm:
    """`periods`: the ended ones inside the grant, newest first."""

    object_class: str
    period_type: PeriodType
    elements: tuple[str, ...]
    periods: tuple[Period, ...]

    @property
    def key(self) -> str:
        return f"{self.object_class}.{self.period_type}"

    @property
    def title(self) -> str:
        return f"{word('object_class', self.object_class)} · {word('period_type', self.period_type)}"


def granted_forms(
    versions: Iterable[DataElementVersion], period_from: str, period_to: str | None, today: date
) -> tuple[GrantedForm, ...]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for version in sorted(versions, key=lambda one: (one.position, one.identifier)):
        found[version.object_class, version.period_type].append(version.identifier)
    first = Period.parse(period_from).first_day
    last = Period.parse(period_to).last_day if period_to else date.max
    return tuple(
        GrantedForm(
            object_class,
            cast(PeriodType, period_type),
            tuple(elements),
            tuple(_ended(cast(PeriodType, period_type), first, min(last, today))),
        )
        for (object_class, period_type), elements in sorted(found.items())
    )


def _ended(period_type: PeriodType, first: date, last: date) -> Iterable[Period]:
    period = Period.containing(last, period_type)
    if period.last_day > last:
        period = period.previous()
    for _step in range(MOST_PERIODS):
        if period.first_day < first:
            return
        yield period
        period = period.previous()


def form_of(forms: Sequence[GrantedForm], key: str) -> GrantedForm | None:
    """The one that was asked for, else the first."""
    by_key: Mapping[str, GrantedForm] = {form.key: form for form in forms}
    return by_key.get(key, forms[0] if forms else None)
