"""Receipts in a browser: to read, to print, to keep."""

from dataclasses import replace
from io import BytesIO

import segno
from fastapi import Request, Response

from hub.capture import service as capture
from hub.capture.endpoints import CanReadSubmissions
from hub.kit import json
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import render
from hub.receipts import service
from hub.receipts.endpoints import Number, as_file
from hub.receipts.page import receipt_page
from hub.receipts.receipt import Document, qr_text

router = HubRouter(tags=["capture"])


@router.get("/submissions/{number}")
async def read_submission(
    request: Request, session: Transaction, subject: CanReadSubmissions, number: Number
) -> Response:
    """The page carries its signed document along: saved, it can be verified like the file."""
    receipt = await service.read_receipt(session, subject, number)
    page = replace(
        receipt_page(receipt.document),
        embedded=_embedded(receipt.document),
        superseded_by=receipt.superseded_by,
        is_own=receipt.is_own,
        may_see_values=receipt.may_see_values,
    )
    return render(request, "receipt.html", page)


def _embedded(document: Document) -> str:
    """As a block of data in a page: no text in it can end the block."""
    return json.dumps(document).replace("<", "\\u003c")


@router.get("/submissions/{number}/receipt.json")
async def download_receipt(session: Transaction, subject: CanReadSubmissions, number: Number) -> Response:
    return as_file((await service.read_receipt(session, subject, number)).document)


@router.get("/submissions/{number}/qr.svg")
async def draw_square(session: Transaction, subject: CanReadSubmissions, number: Number) -> Response:
    """The number and the checksum as a QR code (ISO/IEC 18004), to compare a paper with the hub by a phone."""
    submission = await capture.get_submission(session, subject, number)
    drawn = BytesIO()
    square = segno.make(qr_text({"number": submission.number, "checksum": submission.checksum}), error="m")
    square.save(drawn, kind="svg", scale=4, border=2, xmldecl=True)
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})
