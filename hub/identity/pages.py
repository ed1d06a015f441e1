"""Signing in and out in a browser."""

from dataclasses import dataclass

from fastapi import Request, Response
from starlette.datastructures import FormData

from hub.identity import sign_in
from hub.identity.dependencies import SignedIn as SignedInSubject
from hub.identity.dependencies import caller_address, check_origin, session_cookie
from hub.identity.errors import SealBroken, SignInRefused, SignInStepExpired, SignInThrottled
from hub.identity.sign_in import Browser, SecondStep, SignedIn
from hub.kit.i18n import gettext as _
from hub.kit.routing import MAXIMUM_FORM_FIELDS, HubRouter, door, even_when_full, public
from hub.kit.transaction import AppDatabase, Transaction
from hub.kit.typed import text
from hub.kit.views import local_path, render, see_other
from hub.settings import settings

router = HubRouter(tags=["identity"])

RESUMED = "resumed."
# Written on no page: whoever typed them types them again.
SECRETS = frozenset({"password", "old_password", "new_password", "new_password_again"})


@dataclass(frozen=True)
class Resumption:
    """A form that came when its session had ended: where it goes, and every field as it was typed."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, path: str, form: FormData) -> "Resumption":
        """What a page had sent, but for its CSRF token, which may be worth nothing now."""
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        return cls(path, tuple((name, value) for name, value in fields if name not in {"csrf_token", *SECRETS}))

    @classmethod
    def carried(cls, form: FormData) -> "Resumption | None":
        """What the sign-in page carried along."""
        if not form.get("resume"):
            return None
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        return cls(
            local_path(text(form, "resume")),
            tuple((name.removeprefix(RESUMED), value) for name, value in fields if name.startswith(RESUMED)),
        )


@dataclass(frozen=True)
class SignInPage:
    """`faults`: why the last try failed; `resumption`: what was typed before the session ended."""

    next: str
    username: str = ""
    faults: tuple[str, ...] = ()
    resumption: Resumption | None = None

    @property
    def provider(self) -> str | None:
        """What the county's own sign-in is called, where it has one."""
        return settings().oidc_name if settings().oidc_issuer else None


@dataclass(frozen=True)
class ResumePage:
    """Signed in again: one more click sends what was typed, with the new session's `csrf_token`."""

    resumption: Resumption
    csrf_token: str


@dataclass(frozen=True)
class CodePage:
    """The second step of signing in. `step` leads back to the first; `fault`: why the last code was refused."""

    step: str
    next: str
    fault: str | None
    resumption: Resumption | None


@router.get("/sign-in")
@public
async def read_sign_in(request: Request, next: str = "/") -> Response:  # noqa: A002 - the parameter's name in the address
    return render(request, "sign_in.html", SignInPage(local_path(next)))


@router.post("/sign-in")
@public
@door
async def open_session(request: Request, database: AppDatabase) -> Response:
    """Protected by the origin and by SameSite: before signing in there is no session to hold a token."""
    check_origin(request)
    form = await request.form(max_fields=MAXIMUM_FORM_FIELDS)
    page = SignInPage(local_path(text(form, "next")), text(form, "username"), (), Resumption.carried(form))
    try:
        opened = await sign_in.sign_in(
            database,
            username=page.username.strip(),
            password=text(form, "password"),
            browser=browser_of(request),
        )
    except (SignInRefused, SignInThrottled) as refusal:
        refused = SignInPage(page.next, page.username, (refusal.detail,), page.resumption)
        return render(request, "sign_in.html", refused, status=refusal.status)
    return go_on(request, opened, page.next, page.resumption)


@router.post("/sign-in/code")
@public
@door
async def show_second_factor(request: Request, database: AppDatabase) -> Response:
    """The code of an authenticator, or one for recovery."""
    check_origin(request)
    form = await request.form(max_fields=MAXIMUM_FORM_FIELDS)
    page = CodePage(text(form, "step"), local_path(text(form, "next")), None, Resumption.carried(form))
    try:
        opened = await sign_in.finish(database, token=page.step, code=text(form, "code"), browser=browser_of(request))
    except SignInStepExpired as expired:
        again = SignInPage(page.next, "", (expired.detail,), page.resumption)
        return render(request, "sign_in.html", again, status=expired.status)
    except (SignInRefused, SignInThrottled, SealBroken) as refusal:
        refused = CodePage(page.step, page.next, refusal.detail, page.resumption)
        return render(request, "sign_in_code.html", refused, status=refusal.status)
    return go_on(request, opened, page.next, page.resumption)


def browser_of(request: Request) -> Browser:
    return Browser(caller_address(request), request.headers.get("user-agent", ""))


def go_on(
    request: Request, opened: SignedIn | SecondStep, next_path: str, resumption: Resumption | None = None
) -> Response:
    """To the second step; or, with the session's cookie, to where the person wanted to go."""
    if isinstance(opened, SecondStep):
        return render(request, "sign_in_code.html", CodePage(opened.token, next_path, None, resumption))
    if resumption is not None:
        resumed = ResumePage(resumption, opened.subject.csrf_token or "")
        response: Response = render(request, "resume.html", resumed)
    else:
        response = see_other(next_path)
    response.set_cookie(
        session_cookie(), opened.token, path="/", httponly=True, samesite="lax", secure=settings().secure_cookies
    )
    return response


@router.post("/sign-out")
@even_when_full
async def close_session(session: Transaction, subject: SignedInSubject, request: Request) -> Response:
    token = request.cookies.get(session_cookie())
    method = await sign_in.sign_out(session, subject, token) if token is not None else "password"
    response = see_other("/sign-in/ended" if method == "openid" else "/sign-in", notice=_("您已退出登录。"))
    response.delete_cookie(session_cookie(), path="/", httponly=True, samesite="lax", secure=settings().secure_cookies)
    return response
