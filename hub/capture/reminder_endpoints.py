"""The authority's word to the townships that have not submitted."""

from typing import Annotated

from fastapi import Depends, Response
from pydantic import BaseModel, Field

from hub.capture import reminding
from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.idempotency import IdempotentWrite
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction
from hub.kit.wire import WireInput

router = ApiRouter(tags=["capture"])

CanRemind = Annotated[Subject, Depends(requires(Permission.COLLECTION_REMIND))]


class ReminderCreate(WireInput):
    form: str = Field(max_length=100, examples=["village-month"])
    period: str = Field(max_length=20, examples=["2026-10"])
    note: str | None = Field(default=None, description="shown to the townships beside the reminder")


class RemindedRead(BaseModel):
    townships: list[str] = Field(description="who was reminded: those that have to act and were not asked today")


@router.post("/collections/reminders", status_code=201, response_model=RemindedRead)
async def ask_for_submission(
    session: Transaction, subject: CanRemind, body: ReminderCreate, idempotency: IdempotentWrite
) -> Response:
    """Remind every township of this form and period that still has to act; each at most once a day."""

    async def write() -> RemindedRead:
        asked = await reminding.ask_for_submission(session, subject, **body.model_dump())
        return RemindedRead(townships=list(asked))

    return await idempotency.once(session, subject.key, write)
