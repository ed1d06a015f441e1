"""The form to print: blank for whoever may know of the task, filled for the township itself."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from hub.capture import drafting, service
from hub.capture.endpoints import CanReadCollections
from hub.capture.print_page import print_page
from hub.capture.progress import list_row_codes
from hub.forms import service as forms
from hub.geography import service as geography
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import render

router = HubRouter(tags=["capture"])


@router.get("/collections/{collection_id}/print")
async def print_form(
    request: Request,
    session: Transaction,
    subject: CanReadCollections,
    collection_id: UUID,
    *,
    blank: Annotated[str, Query(max_length=5)] = "",
) -> Response:
    """What others submitted is printed from its receipt, which says who saw it."""
    task = await service.get_collection(session, subject, collection_id)
    form = await forms.get_form(session, task.collection.form, task.collection.form_version)
    codes = await list_row_codes(session, task.collection)
    named = await geography.get_divisions(session, list(codes))
    is_own = service.is_own(subject, task.collection)
    view = await drafting.get_draft(session, subject, collection_id) if is_own and blank != "1" else None
    page = print_page(
        task,
        form,
        {code: named[code].name for code in codes},
        None if view is None else view.rows,
        is_typed=view is not None and view.is_typed,
        is_own=is_own,
    )
    return render(request, "print.html", page)
