"""The counter: `GET /data-values`, `GET /changes`, `POST /receipts`."""

from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Response
from starlette.requests import ClientDisconnect

from hub.exchange import changes, receipts, service
from hub.exchange.changes import LONGEST_WAIT_SECONDS, Patience
from hub.exchange.media import MediaType, choose_media_type
from hub.exchange.parameters import CounterParameters, read_parameters
from hub.exchange.questions import check_can_mark, read_question
from hub.exchange.schemas import ChangePageRead, ReceiptCreate, ReceiptRead, ValuePageRead
from hub.exchange.service import Reading
from hub.exchange.streams import ClosingResponse, ValueStream
from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.idempotency import IdempotentWrite
from hub.kit.middleware import IS_HEAD
from hub.kit.paging import Limit
from hub.kit.routing import ApiRouter
from hub.kit.transaction import AppDatabase, Transaction, database_of

router = ApiRouter(tags=["exchange"])

CanReadValues = Annotated[Subject, Depends(requires(Permission.DATA_VALUE_READ))]
CanFollowValues = Annotated[Subject, Depends(requires(Permission.DATA_VALUE_FOLLOW))]
CanRecordReceipts = Annotated[Subject, Depends(requires(Permission.RECEIPT_RECORD))]

_WHOLE_RESULT = """JSON is paged; the rest is the whole result as a stream. CSV, Arrow and Parquet have the columns
`division`, `period`, `entity`, one for each element in the order asked, then `missing` (why cells are empty) and
`versions` (the element versions values were captured under) as JSON objects, `revision`, `submission` and
`submitted_at` (UTC). In Arrow and Parquet an element's column has its value domain's type: integer Int64, decimal
Decimal128 with the domain's decimals, boolean, date Date32, text and code UTF-8; an element whose kind of value
changed from one version to another is text. A row group or record batch holds at most 5,000 rows."""
_TEXT, _BINARY = {"schema": {"type": "string"}}, {"schema": {"type": "string", "format": "binary"}}
_VALUES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ValuePageRead,
        "description": _WHOLE_RESULT,
        "content": {
            "application/x-ndjson": _TEXT,
            "text/csv": _TEXT,
            "application/vnd.apache.arrow.stream": _BINARY,
            "application/vnd.apache.parquet": _BINARY,
        },
        "headers": {
            name: {"schema": {"type": "string"}, "description": description}
            for name, description in {
                "ETag": "from question, grants and clocks; send it back as If-None-Match",
                "Hub-Grant": "the grants that were used, separated by commas",
                "Hub-Cursor": "where GET /changes goes on",
                "Hub-Provisional": "how many values are left out because nobody has approved them yet",
                "Deprecation": "since when an element that was read is on its way out (RFC 9745)",
                "Sunset": "from when it is no longer served (RFC 8594)",
            }.items()
        },
    },
    304: {"description": "nothing changed since that ETag"},
}


@router.get("/data-values", responses=_VALUES)
async def read_values(
    request: Request,
    session: Transaction,
    database: AppDatabase,
    subject: CanReadValues,
    *,
    elements: Annotated[str | None, Query(description="comma list; default: all granted of one form")] = None,
    period: Annotated[str | None, Query(description="one period, or from..to", examples=["2026-11"])] = None,
    division: Annotated[str | None, Query(description="a code whose subtree is meant; default: all granted")] = None,
    as_of: Annotated[str | None, Query(description="an instant; a date means its end in China")] = None,
    object_class: Annotated[str | None, Query(description="which form, when several are granted")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
    parameters: Annotated[CounterParameters, Depends(read_parameters)],
) -> Response:
    """The approved values inside the caller's grants. What lies outside is 403 `not_granted`, each thing by name.

    `Hub-Provisional` counts those in review; `provisional=true` answers them alone, marked, as JSON or NDJSON.
    """
    question = read_question(
        elements=elements,
        period=period,
        division=division,
        as_of=as_of,
        object_class=object_class,
        provisional=parameters.provisional,
        further=parameters.faults,
    )
    media_type = choose_media_type(request.headers.get("accept"))
    check_can_mark(question, media_type)
    reading = await service.read_values(
        database,
        session,
        subject,
        question,
        media_type=media_type,
        known_etags=if_none_match,
        after=parameters.after,
        limit=parameters.limit,
    )
    return _answer(request, subject, reading, media_type)


def _described(reading: Reading, media_type: MediaType) -> Response:
    """The head of a stream that is not made: how long it would be is not known before."""
    described = Response(media_type=media_type, headers=dict(reading.headers))
    del described.headers["content-length"]
    return described


def _answer(request: Request, subject: Subject, reading: Reading, media_type: MediaType) -> Response:
    headers = dict(reading.headers)
    if reading.is_unchanged:
        return Response(status_code=304, headers=headers)
    if reading.body is not None:
        return Response(reading.body, media_type=media_type, headers=headers)
    if request.scope.get(IS_HEAD):
        return _described(reading, media_type)
    stream = ValueStream(database_of(request), subject, reading.plan, media_type)
    return ClosingResponse(stream.chunks(), media_type=media_type, headers=headers)


@router.get("/changes", response_model=ChangePageRead)
async def read_changes(
    request: Request,
    session: Transaction,
    database: AppDatabase,
    subject: CanFollowValues,
    *,
    after: Annotated[
        str | None,
        Query(max_length=200, description="`Hub-Cursor` or `next`; absent: from the beginning of what is granted"),
    ] = None,
    limit: Limit = 100,
    wait: Annotated[
        int,
        Query(ge=0, le=LONGEST_WAIT_SECONDS, description="seconds to hold the answer until there is something"),
    ] = 0,
) -> Response:
    """What changed inside the grants, in order within a county. 410 `cursor_expired`: pull in full, then go on."""

    async def check_caller() -> None:
        if await request.is_disconnected():
            raise ClientDisconnect

    state = request.app.state
    body, headers = await changes.read_changes(
        database,
        session,
        subject,
        after=after,
        limit=limit,
        patience=Patience(wait, state.clock_watch, check_caller, state.places.one),
    )
    return Response(body, media_type="application/json", headers=headers)


@router.post("/receipts", status_code=201, response_model=ReceiptRead)
async def record_receipt(
    session: Transaction, subject: CanRecordReceipts, body: ReceiptCreate, idempotency: IdempotentWrite
) -> Response:
    """Say what was delivered under a grant: rows and the file's SHA-256."""

    async def write() -> ReceiptRead:
        return ReceiptRead.of(await receipts.record_receipt(session, subject, body))

    return await idempotency.once(session, subject.key, write)
