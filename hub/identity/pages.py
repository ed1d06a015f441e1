"""Signing in and out, and changing one's own password, in a browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request, Response
from starlette.datastructures import FormData

from hub.identity import people, sign_in
from hub.identity.dependencies import SignedIn, caller_address, check_origin, session_cookie
from hub.identity.errors import PasswordNotAccepted, SignInRefused, SignInThrottled
from hub.kit.i18n import gettext as _
from hub.kit.middleware import LANGUAGE_COOKIE
from hub.kit.routing import MAXIMUM_FORM_FIELDS, HubRouter, door, even_when_full, public
from hub.kit.transaction import AppDatabase, Transaction
from hub.kit.views import local_path, render, see_other
from hub.settings import settings

router = HubRouter(tags=["identity"])

RESUMED = "resumed."
LANGUAGE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class Resumption:
    """A form that came when its session had ended: where it goes, and every field as it was typed."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, path: str, form: FormData) -> "Resumption":
        """What an expired page had sent; its old CSRF token is worth nothing now."""
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        return cls(path, tuple((name, value) for name, value in fields if name != "csrf_token"))

    @classmethod
    def carried(cls, form: FormData) -> "Resumption | None":
        """What the sign-in page carried along."""
        if not form.get("resume"):
            return None
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        return cls(
            local_path(_text(form, "resume")),
            tuple((name.removeprefix(RESUMED), value) for name, value in fields if name.startswith(RESUMED)),
        )


@dataclass(frozen=True)
class SignInPage:
    """`faults`: why the last try failed; `resumption`: what was typed before the session ended."""

    next: str
    username: str = ""
    faults: tuple[str, ...] = ()
    resumption: Resumption | None = None


@dataclass(frozen=True)
class ResumePage:
    """Signed in again: one more click sends what was typed, with the new session's `csrf_token`."""

    resumption: Resumption
    csrf_token: str


@dataclass(frozen=True)
class PasswordPage:
    """`is_forced`: the password was handed over by somebody and opens nothing else until it is changed."""

    is_forced: bool
    faults: Mapping[str, Sequence[str]]


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
    page = SignInPage(local_path(_text(form, "next")), _text(form, "username"), (), Resumption.carried(form))
    try:
        opened = await sign_in.sign_in(
            database,
            username=page.username.strip(),
            password=_text(form, "password"),
            address=caller_address(request),
            user_agent=request.headers.get("user-agent", ""),
        )
    except (SignInRefused, SignInThrottled) as refusal:
        refused = SignInPage(page.next, page.username, (refusal.detail,), page.resumption)
        return render(request, "sign_in.html", refused, status=refusal.status)
    if page.resumption is not None:
        resumed = ResumePage(page.resumption, opened.subject.csrf_token or "")
        response: Response = render(request, "resume.html", resumed)
    else:
        response = see_other(page.next)
    _set_session_cookie(response, opened.token)
    return response


def _set_session_cookie(response: Response, token: str) -> None:
    response.set_cookie(
        session_cookie(), token, path="/", httponly=True, samesite="lax", secure=settings().secure_cookies
    )


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


@router.post("/sign-out")
@even_when_full
async def close_session(session: Transaction, subject: SignedIn, request: Request) -> Response:
    token = request.cookies.get(session_cookie())
    if token is not None:
        await sign_in.sign_out(session, subject, token)
    response = see_other("/sign-in", notice=_("您已退出登录。"))
    response.delete_cookie(session_cookie(), path="/", httponly=True, samesite="lax", secure=settings().secure_cookies)
    return response


@router.get("/account/password")
async def read_password(request: Request, subject: SignedIn) -> Response:
    return render(request, "password.html", PasswordPage(subject.must_change_password, {}))


@router.post("/account/password")
async def change_password(session: Transaction, subject: SignedIn, request: Request) -> Response:
    form = await request.form()
    new = _text(form, "new_password")
    faults: dict[str, list[str]] = {}
    if new != _text(form, "new_password_again"):
        faults["new_password_again"] = [_("两次输入的新密码不一致。")]
    else:
        try:
            await people.change_password(
                session,
                subject,
                old_password=_text(form, "old_password"),
                new_password=new,
                session_token=request.cookies.get(session_cookie()),
            )
        except PasswordNotAccepted as refusal:
            for item in refusal.errors:
                faults.setdefault(item.pointer.removeprefix("/"), []).append(item.message)
    if faults:
        return render(request, "password.html", PasswordPage(subject.must_change_password, faults), status=422)
    return see_other("/", notice=_("密码已修改。"))


@router.post("/account/language")
async def choose_language(subject: SignedIn, request: Request) -> Response:
    """Pages are Chinese until the person asks for English."""
    form = await request.form()
    response = see_other(local_path(_text(form, "next")))
    chosen = "en" if _text(form, "language") == "en" else "zh"
    response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=LANGUAGE_SECONDS, path="/", httponly=True, samesite="lax")
    return response
