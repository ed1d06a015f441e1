"""Headers that tell a reader in time that an element is on its way out (RFC 9745, RFC 8594)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hub.grants.coverage import ElementFact
from hub.kit import clock
from hub.registry import service as registry
from hub.registry.statuses import ENDED

# An ended element without a last day is served on for so long to those who were granted it.
NOTICE = timedelta(days=180)


async def ending_headers(session: AsyncSession, elements: Mapping[str, ElementFact]) -> dict[str, str]:
    """`Deprecation` since when, `Sunset` from when nothing comes any more, `Link` to what comes instead."""
    deprecated: list[datetime] = []
    sunset: list[datetime] = []
    successors: list[str] = []
    for identifier, fact in elements.items():
        current = fact.current
        if current.registration_status in ENDED:
            changes = await registry.list_status_changes(session, identifier)
            ended = [change.changed_at for change in changes if change.new_status in ENDED][-1:]
            deprecated += ended
            sunset += [] if current.valid_until else [at + NOTICE for at in ended]
        if current.valid_until is not None:
            last_instant = clock.end_of_day(current.valid_until)
            sunset.append(last_instant)
            deprecated.append(last_instant)
        if current.superseded_by is not None:
            successors.append(current.superseded_by)
    headers = {}
    if deprecated:
        headers["Deprecation"] = f"@{int(min(deprecated).timestamp())}"
    if sunset:
        headers["Sunset"] = format_datetime(min(sunset), usegmt=True)
    if successors:
        headers["Link"] = ", ".join(
            f'</api/v1/data-elements/{identifier}>; rel="successor-version"' for identifier in sorted(set(successors))
        )
    return headers
