"""How all townships stand with a form: who has submitted, who was late, whose values count."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture import bulk, workflow_repository
from hub.capture.desk import CollectionTask
from hub.capture.service import SEEING_ALL
from hub.geography import service as geography
from hub.identity.subject import Subject
from hub.kit import clock
from hub.settings import settings


@dataclass(frozen=True)
class Standing:
    """One township for one period. `is_counted`: values of its submission are records, and so in totals.

    Under the county's review that is what is approved; elsewhere whatever was submitted.
    """

    task: CollectionTask
    is_counted: bool

    @property
    def township(self) -> str:
        return self.task.collection.township

    @property
    def is_submitted(self) -> bool:
        return self.task.is_submitted


async def list_standing(
    session: AsyncSession, subject: Subject, form: str, periods: Sequence[str]
) -> Sequence[Standing]:
    """Every township's task of a form for these periods, by township. Only for those who see all townships."""
    if subject.organization.kind not in SEEING_ALL:
        return []
    found = await workflow_repository.list_of_periods(session, settings().county, form, periods)
    names = await geography.get_divisions(session, sorted({one.township for one in found}))
    now = clock.now()
    return [
        Standing(
            CollectionTask.of(one, names[one.township].name, now),
            (one.approved if one.wants_review else one.submission) is not None,
        )
        for one in found
    ]


async def list_periods(session: AsyncSession, form: str) -> Sequence[str]:
    """The periods that were opened with this form, newest first."""
    return await bulk.list_periods_opened(session, form, settings().county)


async def count_waiting(session: AsyncSession, subject: Subject) -> int:
    """How many submissions wait for the county's review."""
    if subject.organization.kind != "authority":
        return 0
    county = settings().county
    return (await workflow_repository.count_by_stage(session, county, county)).get("in_review", 0)
