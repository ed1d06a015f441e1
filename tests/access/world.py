"""The example of docs/access-matrix.md: what is held, and what each caller must be answered.

The answers are worked out from the page's tables and the few plain lines here; nothing of the hub's own
code has a part in them. Place is the beginning of a code, a month is compared as text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hub.kit import clock
from hub.kit.db import Database
from tests.access.tables import is_given, read_table
from tests.exchange.factories import grant
from tests.grants.factories import create_element
from tests.people import EAST, VILLAGES, WEST
from tests.store.factories import create_values, make_row

ELEMENTS = ("village_homes", "village_migrants", "village_poor")
MONTHS = ("2026-09", "2026-10")
ADDING = {"stock_or_flow": "stock"}
PLACES = [*VILLAGES[EAST], *VILLAGES[WEST]]
# Captured under the second, breaking version of village_homes.
LATER_VERSION = (VILLAGES[WEST][1], "2026-10")
# There is no value, and it is said why.
REFUSED = (VILLAGES[EAST][2], "village_poor")
# Corrected on the second day: the village, the month and the one element.
CORRECTED = (VILLAGES[EAST][1], "2026-10", "village_migrants")
FIRST_DAY = datetime(2026, 11, 3, 1, tzinfo=UTC)
SECOND_DAY = FIRST_DAY + timedelta(days=1)
BEFORE, BETWEEN, AFTER = FIRST_DAY - timedelta(hours=1), FIRST_DAY + timedelta(hours=1), SECOND_DAY + timedelta(hours=1)


def number_of(element: str, village: str, month: str) -> int:
    """A number that occurs nowhere else: found in an answer, it was read."""
    return 700_000 + ELEMENTS.index(element) * 10_000 + PLACES.index(village) * 100 + MONTHS.index(month) * 10


def version_of(element: str, village: str, month: str) -> int:
    return 2 if element == "village_homes" and (village, month) == LATER_VERSION else 1


def value_of(element: str, village: str, month: str, at: datetime) -> int | None:
    if (village, element) == REFUSED:
        return None
    changed = (village, month, element) == CORRECTED and at >= SECOND_DAY
    return number_of(element, village, month) + (5 if changed else 0)


@dataclass(frozen=True)
class Box:
    elements: tuple[str, ...]
    place: str
    first: str
    last: str
    versions_before: int

    def covers(self, element: str, village: str, month: str) -> bool:
        return element in self.elements and village.startswith(self.place) and self.first <= month <= self.last


@dataclass(frozen=True)
class Caller:
    name: str
    grants: str
    boxes: tuple[Box, ...]

    @property
    def is_program(self) -> bool:
        return self.name.startswith("client_")

    @property
    def may_ask(self) -> bool:
        """By the table of routes: programs, requesters, townships."""
        return self.name.startswith(("client_", "steward_", "reporter_"))


def callers() -> list[Caller]:
    boxes: dict[tuple[str, str], list[Box]] = {}
    for row in read_table("Caller", "Bound to"):
        of_caller = boxes.setdefault((row["Caller"], row["Bound to"] if is_given(row["Bound to"]) else ""), [])
        if is_given(row["Elements"]):
            elements = ELEMENTS if row["Elements"] == "all" else tuple(row["Elements"].split(", "))
            first = row["From"] if row["From"] != "all" else ""
            last = row["To"] if is_given(row["To"]) else "9999"
            versions = int(row["Versions before"]) if is_given(row["Versions before"]) else 10**9
            of_caller.append(Box(elements, row["Place"], first, last, versions))
    return [Caller(name, grants, tuple(of_caller)) for (name, grants), of_caller in boxes.items()]


@dataclass(frozen=True)
class Question:
    elements: tuple[str, ...] | None = None
    place: str | None = None
    months: tuple[str, ...] = ("2026-10",)
    as_of: datetime | None = None

    @property
    def parameters(self) -> dict[str, str]:
        given = {"period": "..".join(self.months), "limit": "100"}
        if self.elements is not None:
            given["elements"] = ",".join(self.elements)
        if self.place is not None:
            given["division"] = self.place
        if self.as_of is not None:
            given["as_of"] = self.as_of.isoformat()
        return given

    @property
    def villages(self) -> list[str]:
        return [village for village in PLACES if village.startswith(self.place or "")]

    @property
    def at(self) -> datetime:
        return self.as_of or AFTER


def asked_of(caller: Caller, question: Question) -> tuple[str, ...]:
    """The elements in question: those named, else what the caller may read of these months at this place."""
    if question.elements is not None:
        return question.elements
    return tuple(
        element
        for element in ELEMENTS
        if any(
            element in box.elements
            and (question.place is None or question.place.startswith(box.place))
            and any(box.first <= month <= box.last for month in question.months)
            for box in caller.boxes
        )
    )


def faults(caller: Caller, question: Question) -> set[str]:
    """What of a question lies outside, by the parameter that is at fault; nothing when it must be answered."""
    found = set()
    asked = asked_of(caller, question)
    if not asked:  # nothing in reach: told as if all that is granted had been asked for
        asked = tuple({element for box in caller.boxes for element in box.elements})
        found = set() if asked else {"query:/elements"}
    for element in asked:
        boxes = [box for box in caller.boxes if element in box.elements]
        if not boxes:
            found.add("query:/elements")
            continue
        for month in question.months:
            of_month = [box for box in boxes if box.first <= month <= box.last]
            if not of_month:
                found.add("query:/period")
            elif question.place is not None and not any(question.place.startswith(box.place) for box in of_month):
                found.add("query:/division")
                break
    if not found and any(is_withheld(caller, *cell) for cell in cells(asked, question)):
        found.add("query:/elements")
    return found


def cells(asked: Sequence[str], question: Question) -> Iterator[tuple[str, str, str]]:
    if question.at >= FIRST_DAY:
        yield from ((e, village, month) for month in question.months for village in question.villages for e in asked)


def is_withheld(caller: Caller, element: str, village: str, month: str) -> bool:
    """Granted, but under an earlier version only."""
    boxes = [box for box in caller.boxes if box.covers(element, village, month)]
    version = version_of(element, village, month)
    return bool(boxes) and not any(version < box.versions_before for box in boxes)


def answer(caller: Caller, question: Question) -> list[dict[str, Any]]:
    """The rows of a question that must be answered, field by field."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for element, village, month in cells(asked_of(caller, question), question):
        if not any(box.covers(element, village, month) for box in caller.boxes):
            continue
        is_corrected = (village, month) == CORRECTED[:2] and question.at >= SECOND_DAY
        row = rows.setdefault(
            (month, village),
            {
                "division": village,
                "period": month,
                "entity": None,
                "values": {},
                "missing": {},
                "versions": {},
                "revision": 2 if is_corrected else 1,
            },
        )
        row["values"][element] = value_of(element, village, month, question.at)
        row["versions"][element] = version_of(element, village, month)
        if (village, element) == REFUSED:
            row["missing"][element] = "refused"
    return [rows[key] for key in sorted(rows)]


def changes(caller: Caller) -> list[tuple[str, str, str, dict[str, int | None]]]:
    """(kind, village, month, values) of every revision the caller may see, in order."""
    found = []
    history = [("value", v, m, ELEMENTS, BETWEEN) for m in MONTHS for v in PLACES]
    history.append(("correction", CORRECTED[0], CORRECTED[1], (CORRECTED[2],), AFTER))
    for kind, village, month, changed, at in history:
        values = {
            element: value_of(element, village, month, at)
            for element in changed
            if any(box.covers(element, village, month) for box in caller.boxes)
        }
        if values:
            kind_seen = "withdrawal" if kind != "value" and set(values.values()) == {None} else kind
            found.append((kind_seen, village, month, values))
    return found


async def create_world(database: Database) -> Mapping[str, str]:
    """Elements, grants and values; the grants' numbers by their letters."""
    async with database.transaction() as session:
        for element in ELEMENTS:
            await create_element(session, identifier=element, facets=ADDING)
        await create_element(session, identifier="village_homes", version=2, is_breaking=True, facets=ADDING)
    numbers = {row["Grant"]: await _create_grant(database, row) for row in read_table("Grant", "Organisation")}
    with clock.travel(FIRST_DAY):
        for month in MONTHS:
            await _submit(database, month, PLACES, BETWEEN)
    with clock.travel(SECOND_DAY):
        await _submit(database, CORRECTED[1], [CORRECTED[0]], AFTER)
    return numbers


async def _create_grant(database: Database, row: Mapping[str, str]) -> str:
    is_expired = row["State"] == "expired"
    return await grant(
        database,
        organization=row["Organisation"],
        elements=row["Elements"].split(", "),
        divisions=[row["Place"]],
        period_from=row["From"],
        period_to=row["To"] if is_given(row["To"]) else None,
        state="active" if is_expired else row["State"],
        **({"valid_until": date(2020, 1, 1)} if is_expired else {}),
    )


async def _submit(database: Database, month: str, villages: Sequence[str], at: datetime) -> None:
    rows = []
    for village in villages:
        values = {element: value_of(element, village, month, at) for element in ELEMENTS}
        missing = {element: "refused" for element in ELEMENTS if values[element] is None}
        row = make_row(division=village, missing=missing, **values)
        versions = {element: version_of(element, village, month) for element in ELEMENTS}
        rows.append(type(row)(row.division, row.payload, row.missing, versions, row.entity))
    async with database.transaction() as session:
        await create_values(session, *rows, period=month)
