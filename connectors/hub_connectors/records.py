"""What the hub said, held as it said it: one record per village and period, before any mapping.

Keeping it lets the department's table be derived anew when its mapping changes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from hub_connectors.wire import ChangeItem, Value, ValueItem

WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class Record:
    period: str
    division: str
    entity: str
    values: Mapping[str, Value]
    missing: Mapping[str, str]
    revision: str
    submitted_at: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.period, self.division, self.entity


Records = dict[tuple[str, str, str], Record]


def snapshot(items: Iterable[ValueItem], elements: Collection[str]) -> Records:
    """A full pull of a period is all there is: what it does not name is gone."""
    records = (merge(None, item, elements) for item in items)
    return {record.key: record for record in records}


def merge(held: Record | None, item: ValueItem, elements: Collection[str]) -> Record:
    """A change carries only what changed; everything else of the village's record stays.

    Elements outside the department's own mapping are left out: a grant may be wider than one report.
    """
    values = dict(held.values) if held else {}
    missing = dict(held.missing) if held else {}
    for element in named(item, elements):
        is_withdrawn = isinstance(item, ChangeItem) and item.kind == WITHDRAWAL
        value = None if is_withdrawn else item.values.get(element)
        values[element] = value
        missing.pop(element, None)
        if value is None and element in item.missing:
            missing[element] = item.missing[element]
    record = held or Record(item.period, item.division, item.entity or "", {}, {}, "", "")
    return replace(
        record,
        values=dict(sorted(values.items())),
        missing=dict(sorted(missing.items())),
        revision="" if item.revision is None else str(item.revision),
        submitted_at=item.submitted_at or "",
    )


def named(item: ValueItem, elements: Collection[str]) -> set[str]:
    """The department's elements that an item says something about.

    A withdrawal may name them only under `versions`.
    """
    told = set(item.values) | set(item.missing)
    if isinstance(item, ChangeItem) and item.kind == WITHDRAWAL:
        told |= set(item.versions)
    return told & set(elements)


def apply(
    records: Records, items: Iterable[ChangeItem], elements_of: Callable[[ChangeItem], Collection[str]]
) -> Records:
    """Changes in the hub's order, the last word last. The given records stay as they are.

    `elements_of` says which of an item's elements are the department's: none when it is of another report.
    """
    result = dict(records)
    for item in items:
        elements = elements_of(item)
        if named(item, elements):
            key = (item.period, item.division, item.entity or "")
            result[key] = merge(result.get(key), item, elements)
    return result
