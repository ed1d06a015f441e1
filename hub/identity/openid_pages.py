"""To the county's own sign-in and back, by links and redirects of GET: no form leaves this host (CSP form-action)."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request, Response

from hub.identity import openid_sign_in
from hub.identity.errors import OpenIdRefused, OpenIdUnavailable
from hub.identity.openid import Provider
from hub.identity.openid_sign_in import Answer
from hub.identity.pages import SignInPage, browser_of, go_on
from hub.identity.sign_in import STEP_LIVES
from hub.kit.errors import HubError, NotFound
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter, door, public
from hub.kit.transaction import AppDatabase
from hub.kit.views import local_path, render, see_other
from hub.settings import settings

router = HubRouter(tags=["identity"])

RETURN = "/sign-in/openid/return"

Text = Annotated[str, Query(max_length=4000)]


@dataclass(frozen=True)
class EndedPage:
    """`provider`: whose session may still be open, and `address` where it is ended."""

    provider: str
    address: str | None


@router.get("/sign-in/openid")
@public
@door
async def leave_for_provider(request: Request, database: AppDatabase, next: Text = "/") -> Response:  # noqa: A002
    try:
        departure = await openid_sign_in.begin(
            database, _provider(request), next_path=local_path(next), return_to=_here(request, RETURN)
        )
    except OpenIdUnavailable as failure:
        return _failed(request, failure, local_path(next))
    response = see_other(departure.address)
    response.set_cookie(
        _cookie(),
        departure.state,
        max_age=int(STEP_LIVES.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings().secure_cookies,
    )
    return response


@router.get(RETURN)
@public
@door
async def return_from_provider(
    request: Request, database: AppDatabase, state: Text = "", code: Text = "", error: Text = ""
) -> Response:
    """A link from elsewhere leads here as well: without this browser's own state it opens nothing."""
    answer = Answer(state, request.cookies.get(_cookie(), ""), code, error)
    try:
        opened, next_path = await openid_sign_in.finish(
            database,
            _provider(request),
            answer,
            return_to=_here(request, RETURN),
            browser=browser_of(request),
        )
    except (OpenIdRefused, OpenIdUnavailable) as failure:
        response = _failed(request, failure, "/")
    else:
        response = go_on(request, opened, next_path)
    response.delete_cookie(_cookie(), path="/", httponly=True, samesite="lax", secure=settings().secure_cookies)
    return response


@router.get("/sign-in/ended")
@public
@door
async def read_ended(request: Request) -> Response:
    """Signed out here; the provider's own session is another, which matters on a shared computer."""
    provider = _provider(request)
    try:
        address = await provider.end_address(return_to=_here(request, "/sign-in"))
    except OpenIdUnavailable:
        address = None
    return render(request, "sign_in_ended.html", EndedPage(settings().oidc_name, address))


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.openid
    if provider is None:
        raise NotFound(_("没有这个地址。"))
    return provider


def _failed(request: Request, failure: HubError, next_path: str) -> Response:
    page = SignInPage(next_path, "", (failure.detail,))
    return render(request, "sign_in.html", page, status=failure.status)


def _here(request: Request, path: str) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{path}"


def _cookie() -> str:
    return "__Host-hub-openid" if settings().secure_cookies else "hub-openid"
