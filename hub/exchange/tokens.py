"""Tokens for programs. Every failure carries RFC 6749's `error` beside our own code."""

import base64
import binascii
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote_plus

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from hub.audit.actions import AuditAction
from hub.exchange.schemas import TokenRead
from hub.grants import service as grants
from hub.identity import clients, throttling
from hub.identity import tokens as identity_tokens
from hub.identity.errors import InvalidClient, InvalidScope, InvalidTokenRequest, UnsupportedGrantType
from hub.identity.models import ApiClient
from hub.kit.db import Database
from hub.kit.errors import HubError
from hub.kit.i18n import gettext as _


@dataclass(frozen=True)
class Credentials:
    client_id: str
    secret: str


def read_credentials(authorization: str | None, client_id: str | None, client_secret: str | None) -> Credentials:
    """HTTP Basic, or the body, never both (RFC 6749 §2.3)."""
    credentials = _read(authorization, client_id, client_secret)
    if not credentials.client_id.isprintable():
        raise _invalid_client(_("客户端编号中有不可显示的字符。"))
    return credentials


def _read(authorization: str | None, client_id: str | None, client_secret: str | None) -> Credentials:
    scheme, _space, encoded = (authorization or "").partition(" ")
    if scheme.lower() == "basic":
        if client_secret is not None:
            raise _invalid_request(_("客户端编号和密钥只能用一种方式提供。"))
        given_id, secret = _decode(encoded)
        if client_id not in {None, given_id}:
            raise _invalid_request(_("Authorization 头与正文中的客户端编号不同。"))
        return Credentials(given_id, secret)
    if authorization:
        raise _invalid_client(_("客户端请用 HTTP Basic 或正文提供编号和密钥。"))
    if not client_id or not client_secret:
        raise _invalid_client(_("请提供客户端编号和密钥。"))
    return Credentials(client_id, client_secret)


def _decode(encoded: str) -> tuple[str, str]:
    """Each part is form-encoded before they are joined (RFC 6749 §2.3.1)."""
    try:
        client_id, separator, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        separator = ""
    if not separator:
        raise _invalid_client(_("Authorization 头的内容不对。"))
    return unquote_plus(client_id), unquote_plus(secret)


def in_oauth_words(error: HubError) -> HubError:
    """The same failure with RFC 6749's `error` (§5.2), also when it came up before the request was read."""
    if "error" not in error.extra:
        error.extra["error"] = "invalid_request" if error.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
    return error


def check_given_once(form: FormData) -> None:
    """A parameter given twice is refused (RFC 6749 §3.2): which of the two was meant is a guess."""
    if len(form.multi_items()) > len(form.keys()):
        raise _invalid_request(_("同一个参数只能写一次。"))


def check_grant_type(grant_type: str | None) -> None:
    if grant_type is None:
        raise _invalid_request(_("缺少 grant_type。"))
    if grant_type != "client_credentials":
        detail = _("只支持 grant_type=client_credentials。")
        raise UnsupportedGrantType(detail, extra={"error": "unsupported_grant_type"})


async def issue_token(database: Database, credentials: Credentials, scope: str | None, address: str) -> TokenRead:
    """A token bound to the named grants of the client's organisation, or to all that are active.

    A failed try is noted in a transaction of its own, so that it slows the next ones down.
    """
    try:
        async with database.transaction() as session:
            client, secret = await clients.authenticate_client(
                session, credentials.client_id, credentials.secret, address
            )
            numbers = await _grants(session, client, scope)
            token, expires_in = await identity_tokens.issue_client_token(session, client, secret, numbers)
    except InvalidClient as refused:
        async with database.transaction() as session:
            await throttling.note_failure(session, AuditAction.TOKEN_REFUSE, credentials.client_id, address)
        raise _challenge(refused) from None
    return TokenRead(access_token=token, expires_in=expires_in, scope=" ".join(numbers))


async def _grants(session: AsyncSession, client: ApiClient, scope: str | None) -> tuple[str, ...]:
    active = await grants.list_active_numbers(session, client.organization.code)
    asked = list(dict.fromkeys((scope or "").split()))
    if not asked:
        return tuple(active)
    foreign = [number for number in asked if number not in active]
    if foreign:
        detail = _("以下授权不存在、未生效或不属于本单位：{numbers}。").format(
            numbers="、".join(number[:40] for number in foreign[:20])
        )
        raise InvalidScope(detail, extra={"error": "invalid_scope"})
    return tuple(asked)


def _invalid_request(detail: str) -> InvalidTokenRequest:
    return InvalidTokenRequest(detail, extra={"error": "invalid_request"})


def _invalid_client(detail: str) -> InvalidClient:
    """Nobody was named, or in no way that is understood: 401, not 400 (RFC 6749 §5.2)."""
    return _challenge(InvalidClient(detail, extra={"error": "invalid_client"}))


def _challenge(refused: InvalidClient) -> InvalidClient:
    """A client is told the scheme it may try (RFC 6749 §5.2), not the bearer scheme of the API."""
    refused.headers["WWW-Authenticate"] = 'Basic realm="hub"'
    return refused
