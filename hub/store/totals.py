"""Sums over townships. What they are added up to above that, and of how many, is for the caller to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.geography.levels import CODE_LENGTHS
from hub.kit import json
from hub.store import scope as scopes
from hub.store import totals_repository as repository
from hub.store.reading_repository import Asked
from hub.store.rows import ValueQuery
from hub.store.scope import ReadScope, ScopeRequest


@dataclass(frozen=True)
class TotalsScope:
    """Where sums may be read and nothing else. No `ReadScope`, so that no row can be read with it."""

    inner: ReadScope


@dataclass(frozen=True, slots=True)
class TownshipTotal:
    """The sum of one township; `reported` of its divisions have a row, `counted` of those a number."""

    period: str
    township: str
    element: str
    total: Decimal | None
    counted: int
    reported: int


def _context(scope: ReadScope) -> list[dict[str, Any]]:
    """The transaction's context: what the scope grants, whatever is asked."""
    return scopes.context_of(scope.boxes)


async def select_totals(
    session: AsyncSession, scope: ReadScope | TotalsScope, query: ValueQuery
) -> Sequence[TownshipTotal]:
    """By period, township and element; narrowed twice, like every read of values. The query names its elements."""
    held = scope.inner if isinstance(scope, TotalsScope) else scope
    if not held.boxes or not query.elements:
        return []
    request = ScopeRequest(query.elements, query.periods, query.place)
    question = {
        "object_class": query.object_class,
        "periods": [str(period) for period in query.periods],
        "elements": query.elements,
        "place": query.place.code if query.place else None,
        "as_of": json.format_instant(query.as_of) if query.as_of else None,
        "after": None,
        "limit": None,
        "boxes": scopes.asked_boxes(held, request),
        **({"provisional": True} if query.provisional else {}),
    }
    asked = Asked(_context(held), question)
    found = await repository.list_totals(session, asked, query.elements, CODE_LENGTHS["township"])
    return [TownshipTotal(*row) for row in found]  # type: ignore[call-arg]
