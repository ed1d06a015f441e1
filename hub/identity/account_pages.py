"""One's own account: password, second factor, the browsers that are signed in, language and size of type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response

from hub.identity import people, second_factor, sessions
from hub.identity.dependencies import SignedIn, caller_address, is_decided_with_two, session_cookie
from hub.identity.errors import PasswordNotAccepted, SecondFactorRefused, SecondFactorStateConflict, SignInThrottled
from hub.identity.second_factor import Enrolment
from hub.identity.sessions import OpenSession
from hub.identity.words import role_words
from hub.kit.errors import HubError
from hub.kit.i18n import gettext as _
from hub.kit.middleware import LANGUAGE_COOKIE
from hub.kit.routing import HubRouter
from hub.kit.transaction import AppDatabase, Transaction
from hub.kit.typed import text
from hub.kit.views import LARGE_TYPE_COOKIE, local_path, render, see_other
from hub.settings import settings

router = HubRouter(tags=["identity"])

CHOICE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class AccountPage:
    """`is_wanted`: this person decides things and the operator wants a second factor for that."""

    username: str
    roles: tuple[str, ...]
    confirmed_at: datetime | None
    codes_left: int
    is_wanted: bool
    sessions: tuple[OpenSession, ...]


@dataclass(frozen=True)
class PasswordPage:
    """`is_forced`: the password was handed over by somebody and opens nothing else until it is changed."""

    is_forced: bool
    faults: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class SecondFactorPage:
    """`enrolment`: what to bind, while nothing is bound. `codes`: new recovery codes, shown this once."""

    confirmed_at: datetime | None
    codes_left: int
    enrolment: Enrolment | None
    codes: tuple[str, ...] = ()
    fault: str | None = None
    failed: str = ""


@router.get("/account")
async def read_account(request: Request, session: Transaction, subject: SignedIn) -> Response:
    standing = await second_factor.standing_of(session, subject.id)
    held = await sessions.list_own(session, subject, request.cookies.get(session_cookie()))
    page = AccountPage(
        username=subject.name,
        roles=tuple(role_words(role) for role in sorted(subject.roles)),
        confirmed_at=standing.confirmed_at,
        codes_left=standing.codes_left,
        is_wanted=any(is_decided_with_two(permission) for permission in subject.permissions),
        sessions=tuple(held),
    )
    return render(request, "account.html", page)


@router.post("/account/sessions/end")
async def end_sessions(session: Transaction, subject: SignedIn, request: Request) -> Response:
    """One other browser, or all of them but this."""
    form = await request.form()
    count = await sessions.end_own(
        session, subject, text(form, "number") or None, keep=request.cookies.get(session_cookie())
    )
    return see_other("/account", notice=_("已退出 {count} 个浏览器。").format(count=count))


@router.get("/account/password")
async def read_password(request: Request, subject: SignedIn) -> Response:
    return render(request, "password.html", PasswordPage(subject.must_change_password, {}))


@router.post("/account/password")
async def change_password(session: Transaction, subject: SignedIn, request: Request) -> Response:
    form = await request.form()
    new = text(form, "new_password")
    faults: dict[str, list[str]] = {}
    if new != text(form, "new_password_again"):
        faults["new_password_again"] = [_("两次输入的新密码不一致。")]
    else:
        try:
            await people.change_password(
                session,
                subject,
                old_password=text(form, "old_password"),
                new_password=new,
                session_token=request.cookies.get(session_cookie()),
            )
        except PasswordNotAccepted as refusal:
            for item in refusal.errors:
                faults.setdefault(item.pointer.removeprefix("/"), []).append(item.message)
    if faults:
        return render(request, "password.html", PasswordPage(subject.must_change_password, faults), status=422)
    return see_other("/", notice=_("密码已修改。"))


@router.get("/account/second-factor")
async def read_second_factor(request: Request, session: Transaction, subject: SignedIn) -> Response:
    return render(request, "second_factor.html", await _second_factor_page(session, subject))


@router.get("/account/second-factor/picture")
async def read_picture(session: Transaction, subject: SignedIn) -> Response:
    """The QR code, from an address of its own: a page may hold no picture inline."""
    enrolment = await second_factor.begin(session, subject)
    return Response(enrolment.picture(), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@router.post("/account/second-factor")
async def confirm_second_factor(request: Request, database: AppDatabase, subject: SignedIn) -> Response:
    code = text(await request.form(), "code")
    try:
        codes = await second_factor.confirm(
            database,
            subject,
            code=code,
            address=caller_address(request),
            session_token=request.cookies.get(session_cookie()),
        )
    except (SecondFactorRefused, SecondFactorStateConflict, SignInThrottled) as refusal:
        return await _refused(request, database, subject, refusal, "confirm")
    return await _with_codes(request, database, subject, codes)


@router.post("/account/second-factor/codes")
async def renew_codes(request: Request, database: AppDatabase, subject: SignedIn) -> Response:
    code = text(await request.form(), "code")
    try:
        codes = await second_factor.renew_codes(database, subject, code=code, address=caller_address(request))
    except (SecondFactorRefused, SignInThrottled) as refusal:
        return await _refused(request, database, subject, refusal, "renew")
    return await _with_codes(request, database, subject, codes)


@router.post("/account/second-factor/removal")
async def remove_second_factor(request: Request, database: AppDatabase, subject: SignedIn) -> Response:
    form = await request.form()
    try:
        await second_factor.remove(
            database,
            subject,
            password=text(form, "password"),
            code=text(form, "code"),
            address=caller_address(request),
        )
    except (SecondFactorRefused, SignInThrottled) as refusal:
        return await _refused(request, database, subject, refusal, "remove")
    return see_other("/account", notice=_("已解除动态验证码。"))


async def _second_factor_page(
    session: Transaction, subject: SignedIn, *, fault: str | None = None, failed: str = ""
) -> SecondFactorPage:
    standing = await second_factor.standing_of(session, subject.id)
    enrolment = None if standing.confirmed_at else await second_factor.begin(session, subject)
    return SecondFactorPage(standing.confirmed_at, standing.codes_left, enrolment, (), fault, failed)


async def _refused(
    request: Request, database: AppDatabase, subject: SignedIn, refusal: HubError, failed: str
) -> Response:
    async with database.transaction() as session:
        page = await _second_factor_page(session, subject, fault=refusal.detail, failed=failed)
    return render(request, "second_factor.html", page, status=refusal.status)


async def _with_codes(request: Request, database: AppDatabase, subject: SignedIn, codes: Sequence[str]) -> Response:
    """The answer to a write shows them, and is kept by no cache: a second look would show them to the next person."""
    async with database.transaction() as session:
        standing = await second_factor.standing_of(session, subject.id)
    page = SecondFactorPage(standing.confirmed_at, standing.codes_left, None, tuple(codes))
    response = render(request, "second_factor.html", page)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post("/account/language")
async def choose_language(subject: SignedIn, request: Request) -> Response:
    """Pages are Chinese until the person asks for English."""
    form = await request.form()
    response = see_other(local_path(text(form, "next")))
    chosen = "en" if text(form, "language") == "en" else "zh"
    _remember(response, LANGUAGE_COOKIE, chosen)
    return response


@router.post("/account/large-type")
async def choose_type(subject: SignedIn, request: Request) -> Response:
    """Larger letters on every page of this browser (大字版), the sign-in page too."""
    form = await request.form()
    response = see_other(local_path(text(form, "next")))
    _remember(response, LARGE_TYPE_COOKIE, "1" if text(form, "large_type") == "1" else "0")
    return response


def _remember(response: Response, name: str, chosen: str) -> None:
    response.set_cookie(
        name,
        chosen,
        max_age=CHOICE_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings().secure_cookies,
    )
