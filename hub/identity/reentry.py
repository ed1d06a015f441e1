"""Signing in again without leaving the page: a session that ends while somebody types must cost nothing.

The page stays, its script asks for the password in a dialog and goes on with the new session's token. Who
needs a second factor or the county's own sign-in does that in another tab; then the page asks who is
signed in now.
"""

from typing import Self

from fastapi import Request, Response
from pydantic import BaseModel, Field

from hub.identity import sign_in
from hub.identity.dependencies import SignedIn as SignedInSubject
from hub.identity.dependencies import check_origin, session_cookie
from hub.identity.errors import SecondFactorAsked
from hub.identity.pages import browser_of
from hub.identity.sign_in import SecondStep
from hub.identity.subject import Subject
from hub.kit.i18n import gettext as _
from hub.kit.json import JSONResponse
from hub.kit.routing import HubRouter, door, public
from hub.kit.transaction import AppDatabase
from hub.kit.wire import WireInput
from hub.settings import settings

router = HubRouter(tags=["identity"])


class Reentry(WireInput):
    username: str = Field(max_length=200)
    password: str = Field(max_length=1000)


class SessionRead(BaseModel):
    """Who is signed in, and the token that this session's writes must carry."""

    user: str
    display_name: str
    csrf_token: str

    @classmethod
    def of(cls, subject: Subject) -> Self:
        return cls(user=subject.name, display_name=subject.display_name, csrf_token=subject.csrf_token or "")


@router.get("/account/session")
async def read_session(subject: SignedInSubject) -> SessionRead:
    return SessionRead.of(subject)


@router.post("/account/session", response_model=SessionRead)
@public
@door
async def reopen_session(request: Request, database: AppDatabase, body: Reentry) -> Response:
    """As signing in: protected by the origin, by SameSite and by wanting JSON, which no other site's form can send."""
    check_origin(request)
    opened = await sign_in.sign_in(
        database, username=body.username.strip(), password=body.password, browser=browser_of(request)
    )
    if isinstance(opened, SecondStep):
        raise SecondFactorAsked(_("您的账号登录时还要输入验证码，请在新窗口登录，然后回到这一页。"))
    response = JSONResponse(SessionRead.of(opened.subject))
    response.set_cookie(
        session_cookie(), opened.token, path="/", httponly=True, samesite="lax", secure=settings().secure_cookies
    )
    return response
