"""The pages behind a link. Nobody signs in here: whoever has the address has the village's row, and nothing else."""

from types import MappingProxyType
from typing import Annotated

from fastapi import Query, Request, Response

from hub.delegations import village_desk
from hub.delegations.links import ADDRESS
from hub.identity.dependencies import check_origin
from hub.kit.disk import Disk
from hub.kit.routing import HubRouter, answers_with, door, public, takes_up_to
from hub.kit.transaction import Transaction

LARGEST_FORM = 512 * 1024

# The address is the key: nobody is told of it, and nobody keeps what lies behind it, whatever the answer is.
SILENT = MappingProxyType({"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"})

router = HubRouter(tags=["delegations"])


@router.get(ADDRESS)
@public
@door
@answers_with(SILENT)
async def read_village_form(
    request: Request, session: Transaction, township: str, token: str, *, ask: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    return await village_desk.show_form(request, session, township, token, asks=ask == "yes")


@router.post(ADDRESS)
@public
@door
@answers_with(SILENT)
@takes_up_to(lambda: LARGEST_FORM)
async def write_village_form(request: Request, session: Transaction, township: str, token: str) -> Response:
    """A page that says nothing of its address has `Origin: null` on its forms (Fetch §3.2): the token is the proof."""
    if request.headers.get("origin") != "null":
        check_origin(request)
    disk: Disk = request.app.state.disk
    disk.check()
    return await village_desk.answer_form(request, session, township, token)
