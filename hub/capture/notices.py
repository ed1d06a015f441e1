"""What rooms above say over the township's form. The composition root hands them in, so that none is imported here."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture.cells import CellText
from hub.capture.desk import DraftView
from hub.identity.subject import Subject


@dataclass(frozen=True)
class CellNotice:
    """What stands against one cell, said in it: somebody has another answer. Once the cell holds that, nothing does."""

    division: str
    element: str
    other: CellText
    words: str


@dataclass(frozen=True)
class SheetNotice:
    """A way on (`href`, `link`) with the sentence beside it; `is_pressing`: somebody waits for a decision."""

    href: str
    link: str
    text: str
    is_pressing: bool = False
    cell: CellNotice | None = None


Noticing = Callable[[AsyncSession, Subject, DraftView], Awaitable[Sequence[SheetNotice]]]


async def sheet_notices(
    request: Request, session: AsyncSession, subject: Subject, view: DraftView
) -> tuple[SheetNotice, ...]:
    asked: Sequence[Noticing] = getattr(request.app.state, "sheet_noticing", ())
    return tuple([notice for notices in asked for notice in await notices(session, subject, view)])
