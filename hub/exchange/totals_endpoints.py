"""`GET /data-totals`."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from hub.exchange import totals
from hub.exchange.endpoints import CanReadValues
from hub.exchange.media import choose_among
from hub.exchange.totals_questions import read_totals_question
from hub.exchange.totals_schemas import LeftOutRead, TotalPageRead, TotalRead, csv_lines
from hub.kit import json
from hub.kit.paging import After, Limit, page_within
from hub.kit.routing import ApiRouter
from hub.kit.transaction import AppDatabase, Transaction

router = ApiRouter(tags=["exchange"])

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": TotalPageRead, "content": {"text/csv": {"schema": {"type": "string"}}}}
}


@router.get("/data-totals", response_model=TotalPageRead, responses=_ANSWERS)
async def read_totals(
    request: Request,
    session: Transaction,
    database: AppDatabase,
    subject: CanReadValues,
    *,
    elements: Annotated[str | None, Query(description="comma list; default: all granted of one form")] = None,
    period: Annotated[str | None, Query(description="one period, or from..to", examples=["2026-11"])] = None,
    division: Annotated[str | None, Query(description="a code whose subtree is meant; default: all granted")] = None,
    by: Annotated[str | None, Query(description="province, prefecture, county or township")] = None,
    object_class: Annotated[str | None, Query(description="which form, when several are granted")] = None,
    provisional: Annotated[
        bool, Query(description="true: also townships in review, counted apart; only under grants that include them")
    ] = False,
    limit: Limit = 100,
    after: After = None,
) -> Response:
    """Sums of counts and amounts, of values that are in force; each says of how many units, and who is missing."""
    media_type = choose_among(("application/json", "text/csv"), request.headers.get("accept"))
    question, level = read_totals_question(
        elements=elements,
        period=period,
        division=division,
        by=by,
        object_class=object_class,
        provisional=provisional,
    )
    found = await totals.read_totals(database, session, subject, question, level)
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
    if found.grants:
        headers["Hub-Grant"] = ", ".join(found.grants)
    if media_type == "text/csv":
        return Response("".join(csv_lines(found)), media_type="text/csv", headers=headers)
    page = page_within(
        found.items, after, limit, read=TotalRead.of, key=lambda one: [one.period, one.division, one.element]
    )
    left_out = [LeftOutRead(element=one.element, code=one.reason, message=one.message) for one in found.left_out]
    told = TotalPageRead(items=page.items, next=page.next, by=found.by, left_out=left_out)
    return json.JSONResponse(told, headers=headers)
