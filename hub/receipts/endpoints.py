"""The receipt as a file that proves itself."""

from typing import Annotated, Any

from fastapi import Path, Response

from hub.capture.endpoints import CanReadSubmissions
from hub.kit import json
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction
from hub.receipts import service
from hub.receipts.receipt import Document

router = ApiRouter(tags=["capture"])

Number = Annotated[str, Path(max_length=40)]
_DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`hub verify-receipt` holds it against the hub's key and database",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.get("/submissions/{number}/receipt", response_class=Response, responses=_DOCUMENT)
async def read_receipt(session: Transaction, subject: CanReadSubmissions, number: Number) -> Response:
    """Signed, with the content as it was submitted; without it for who may not see values."""
    return as_file((await service.read_receipt(session, subject, number)).document)


def as_file(document: Document) -> Response:
    name = f"receipt-{document['head']['number']}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(json.dumps(document), media_type="application/json", headers=headers)
