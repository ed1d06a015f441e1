"""`POST /oauth/token`: client credentials (RFC 6749 §4.4), at the root beside the API."""

from typing import Annotated

from fastapi import Form, Request

from hub.exchange import tokens
from hub.exchange.schemas import TokenRead
from hub.identity.dependencies import caller_address
from hub.kit.json import JSONResponse
from hub.kit.routing import HubRouter, door, public
from hub.kit.transaction import AppDatabase

router = HubRouter(tags=["exchange"], is_described=True)

PATH = "/oauth/token"

OptionalField = Annotated[str | None, Form(max_length=4000)]


@router.post(PATH, response_model=TokenRead)
@public
@door
async def issue_token(
    request: Request,
    database: AppDatabase,
    *,
    grant_type: Annotated[str | None, Form(max_length=100, description="client_credentials")] = None,
    client_id: OptionalField = None,
    client_secret: OptionalField = None,
    scope: Annotated[str | None, Form(max_length=20000, description="grant numbers; default: all active ones")] = None,
) -> JSONResponse:
    """A token bound to grants, and so to their purposes. Id and secret by HTTP Basic or in the body."""
    tokens.check_given_once(await request.form())
    credentials = tokens.read_credentials(request.headers.get("authorization"), client_id, client_secret)
    tokens.check_grant_type(grant_type)
    issued = await tokens.issue_token(database, credentials, scope, caller_address(request))
    return JSONResponse(issued, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})
