"""The pages' routers, the menu, and what a browser sees when something fails."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData

from hub.capture import pages as capture
from hub.capture.pages import tasks_page
from hub.identity import pages as identity
from hub.identity.dependencies import requires
from hub.identity.errors import CsrfRefused, PasswordChangeRequired
from hub.identity.pages import ResumePage, Resumption, SignInPage
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem, HubError
from hub.kit.i18n import gettext as _
from hub.kit.routing import MAXIMUM_FORM_FIELDS, ExactRequest, HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import MenuEntry, NavigationItem, menu_of, render, see_other

router = HubRouter(tags=["site"])

routers: tuple[HubRouter, ...] = (router, identity.router, capture.router)

_TOWNSHIPS = frozenset({"township"})
_OTHERS = frozenset({"authority", "department", "inspectorate"})
_P = Permission

# In the order of the menu; the start page says the same in more words.
NAVIGATION: tuple[NavigationItem, ...] = (
    NavigationItem("/", lambda: _("我的填报任务"), _P.DRAFT_WRITE, _TOWNSHIPS),
    NavigationItem("/collections", lambda: _("填报任务"), _P.COLLECTION_READ, _OTHERS),
)

PROGRAMS = ("/api/", "/oauth/", "/static/", "/healthz", "/readyz", "/metrics")
_URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class StartPage:
    """Where to go from here: the menu's entries, each with a sentence of what is behind it."""

    entries: tuple[MenuEntry, ...]


@router.get("/")
async def read_start(
    request: Request, session: Transaction, subject: Annotated[Subject, Depends(requires(_P.DATA_ELEMENT_READ))]
) -> Response:
    """A township's tasks; for everybody else, the ways on."""
    if subject.organization.kind == "township" and subject.may(_P.COLLECTION_READ):
        return await tasks_page(request, session, subject)
    return render(request, "start.html", StartPage(menu_of(request)))


@dataclass(frozen=True)
class ErrorPage:
    """One sentence of what happened and what to do; `errors` when the content had several faults."""

    status: int
    code: str
    detail: str
    errors: tuple[ErrorItem, ...]


def is_for_browser(request: Request) -> bool:
    """True for a person looking at pages; programs get problem documents."""
    return not request.url.path.startswith(PROGRAMS) and "text/html" in request.headers.get("accept", "")


async def answer_failure(request: Request, error: HubError) -> Response:
    """A page that says what to do. Nothing typed is lost because a session ended meanwhile."""
    if isinstance(error, PasswordChangeRequired):
        return see_other("/account/password")
    if error.status == 401:  # noqa: PLR2004 - RFC 9110
        return await _ask_to_sign_in(request, error)
    form = getattr(request.state, "form", None)
    subject = getattr(request.state, "subject", None)
    if isinstance(error, CsrfRefused) and isinstance(form, FormData) and subject is not None:
        page = ResumePage(Resumption.of(request.url.path, form), subject.csrf_token or "")
        return render(request, "resume.html", page, status=error.status)
    shown = ErrorPage(error.status, error.code, error.detail, error.errors)
    response = render(request, "error.html", shown, status=error.status)
    response.headers.update(error.headers)
    return response


async def _ask_to_sign_in(request: Request, error: HubError) -> Response:
    path = request.url.path
    if request.method in {"GET", "HEAD"}:
        asked = f"{path}?{request.url.query}" if request.url.query else path
        return see_other("/sign-in" if asked == "/" else "/sign-in?" + urlencode({"next": asked}))
    form = await _typed(request)
    page = SignInPage("/", "", (error.detail,), Resumption.of(path, form) if form else None)
    return render(request, "sign_in.html", page, status=error.status)


async def _typed(request: Request) -> FormData | None:
    """What the refused form held, or None when it cannot be read; the caller was refused before its body was."""
    if not request.headers.get("content-type", "").startswith(_URLENCODED):
        return None
    exact = ExactRequest(request.scope, request.receive)
    try:
        await exact.body()
    except HubError:
        return None
    return await exact.form(max_fields=MAXIMUM_FORM_FIELDS)
