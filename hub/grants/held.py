"""Where a reader of one's own grant begins: the newest period that holds something."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period
from hub.grants import service
from hub.grants.forms_of import GrantedForm
from hub.identity.subject import Subject
from hub.store import service as store
from hub.store.rows import ValueQuery

# How many periods without values are passed over.
LOOKED_BACK = 6


def bound_to(subject: Subject, number: str) -> Subject:
    """The caller as far as this grant goes: its purpose, and no other's."""
    return replace(subject, grants=(number,))


async def newest_held(session: AsyncSession, subject: Subject, number: str, form: GrantedForm) -> Period:
    """The newest period of which something may be read under this grant; of many that are empty, the newest.

    At least one period of the form must have ended. Nothing is handed out.
    """
    scope = await service.read_scope(session, bound_to(subject, number))
    for period in form.periods[:LOOKED_BACK]:
        if await store.count_values(session, scope, ValueQuery(form.object_class, (period,), form.elements)):
            return period
    return form.periods[0]
