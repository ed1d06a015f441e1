"""`Depends(requires(Permission.X))` in a route's signature: who may call it."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from hub.identity import authentication
from hub.identity.errors import CsrfRefused, PasswordChangeRequired, SecondFactorRequired
from hub.identity.roles import DECIDING, Permission
from hub.identity.subject import Subject
from hub.kit.errors import Forbidden, Unauthenticated
from hub.kit.i18n import gettext as _
from hub.kit.routing import FORM_TYPES, MAXIMUM_FORM_FIELDS, SAFE_METHODS
from hub.kit.transaction import database_of
from hub.settings import settings


def session_cookie() -> str:
    """`__Host-` binds the cookie to this host over HTTPS (RFC 6265bis); plain HTTP cannot use it."""
    return "__Host-hub-session" if settings().secure_cookies else "hub-session"


def caller_address(request: Request) -> str:
    return request.client.host if request.client else ""


class Requires:
    """Admits callers with the permission; a dependency, so that the permission stands in the signature."""

    def __init__(self, permission: Permission) -> None:
        self.permission: str = permission

    async def admit(self, request: Request) -> None:
        subject = await authenticated(request)
        if subject.must_change_password and subject.csrf_token and self.permission != Permission.PASSWORD_CHANGE_OWN:
            raise PasswordChangeRequired(_("请先修改初始密码，再做其他事。"))
        if not subject.may(Permission(self.permission)):
            said = _("您的账号没有这项权限（{permission}）。确需办理的，请联系系统管理员。")
            raise Forbidden(said.format(permission=self.permission))
        if subject.csrf_token and not subject.has_second_factor and is_decided_with_two(self.permission):
            raise SecondFactorRequired(_("这项操作需要两步验证。请先在“我的账号 › 动态验证码”里绑定，再重新操作。"))

    async def __call__(self, request: Request) -> Subject:
        subject: Subject = request.state.subject
        return subject


def is_decided_with_two(permission: str) -> bool:
    """Whether a browser's session needs a second factor for this; programs hold secrets of their own."""
    return permission in DECIDING and settings().second_factor == "required"


def requires(permission: Permission) -> Requires:
    return Requires(permission)


async def authenticated(request: Request) -> Subject:
    """The caller, found once for each request and left in `request.state.subject`."""
    known: Subject | None = getattr(request.state, "subject", None)
    if known is not None:
        return known
    scheme, _sep, token = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(session_cookie())
    async with database_of(request).glance() as session:
        if scheme.lower() == "bearer" and token:
            subject = await authentication.subject_of_token(session, token.strip(), caller_address(request))
        else:
            found = await authentication.subject_of_session(session, cookie) if cookie else None
            if found is None:
                raise Unauthenticated(_("请先登录，或带上有效的令牌。"))
            subject = found
    request.state.subject = subject  # before the check, so that a refusal's trace names whose session was used
    if subject.csrf_token is not None and request.method not in SAFE_METHODS:
        await check_csrf(request, subject.csrf_token)
    return subject


def check_origin(request: Request) -> None:
    """The first wall: a browser says where a write comes from, and it must be from us."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise CsrfRefused(_("请求来自其他网站，已拒绝。"))


async def check_csrf(request: Request, expected: str) -> None:
    """Refuse a write that another site made the browser send.

    Two walls: the `Origin` must be ours (old browsers send none on some forms), and the session's own
    token must come along, as a header from scripts or as a field from plain forms (see `check_token`, too).
    """
    check_origin(request)
    given = request.headers.get("x-csrf-token")
    if given is None and getattr(request.state, "token_comes_later", False):
        return
    if given is None and request.headers.get("content-type", "").startswith(FORM_TYPES):
        await request.body()  # stops at the limit; the form is then parsed from what was read
        form = await request.form(max_fields=MAXIMUM_FORM_FIELDS)
        request.state.form = form  # so that a page whose token is old can give back what was typed
        field = form.get("csrf_token")
        given = field if isinstance(field, str) else None
    _compare(given, expected)


def check_token(request: Request, fields: Mapping[str, str]) -> None:
    """The second wall of a page whose file is taken in piece by piece: before the first of them is kept."""
    subject: Subject = request.state.subject
    if subject.csrf_token is not None:
        _compare(request.headers.get("x-csrf-token", fields.get("csrf_token")), subject.csrf_token)


def _compare(given: str | None, expected: str) -> None:
    if given != expected:
        raise CsrfRefused(_("页面已过期，请刷新后重试；已保存的内容不会丢失。"))


SignedIn = Annotated[Subject, Depends(requires(Permission.PASSWORD_CHANGE_OWN))]
