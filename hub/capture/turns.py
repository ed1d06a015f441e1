"""Submitting in turn: all submissions of a county meet at its clock anyway (docs/decisions/area-clock-and-cursor.md).

Without turns all that arrive share the processor and the database's connections, each is as slow as all together, and
those that are through with their checks wait for the clock by chance. A turn is taken before the request's transaction
begins and given back after its commit, so whoever waits for one holds no connection: a county whose clock is stuck
leaves most of them to the others.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from hub.capture.service import reach_of
from hub.kit.i18n import gettext as _
from hub.kit.turns import Turns, TurnTooFar
from hub.store.errors import AreaBusy
from hub.store.recording import RETRY_AFTER_SECONDS

# Of one county in one process: enough to check some while another waits for the clock and a third for the disk.
AT_ONCE = 4
LONGEST_WAIT_SECONDS = 8.0


def new_turns() -> Turns:
    return Turns(at_once=AT_ONCE, longest_wait=LONGEST_WAIT_SECONDS)


async def submitting_turn(request: Request) -> AsyncIterator[None]:
    turns: Turns = request.app.state.submitting
    try:
        async with turns.one(reach_of(request.state.subject)):
            yield
    except TurnTooFar as error:
        detail = _("本县正有其他提交在写入，已填内容没有丢失，请稍后重试。")
        raise AreaBusy(detail, retry_after=RETRY_AFTER_SECONDS) from error


# It stands before the transaction in a route's signature: what comes first ends last.
SubmittingTurn = Annotated[None, Depends(submitting_turn, scope="function")]
