"""The protocol of OpenID Connect as a relying party speaks it: authorization code with PKCE (RFC 7636), nonce and
state, the token's signature and claims checked (OpenID Connect Core §3.1.3.7). Knows nobody's account.
"""

import base64
import hashlib
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, Field, ValidationError

from hub.identity.errors import OpenIdRefused, OpenIdUnavailable
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.settings import Settings

# Signed by the provider's own key: a token that our shared secret or nobody signed is refused (RFC 8725 §3.1).
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SCOPE = "openid profile"
LEEWAY = timedelta(seconds=60)
DOCUMENT_LIVES = timedelta(hours=1)
# A token may name a key that is newer than those we hold; a flood of such tokens asks no more often than this.
KEYS_ASKED_EVERY = timedelta(seconds=30)
SECONDS = 10.0
LONGEST_ANSWER = 1024 * 1024


class Discovery(BaseModel):
    """What we use of the provider's document (OpenID Connect Discovery §3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] = Field(default=["client_secret_basic"])


@dataclass(frozen=True)
class Registration:
    """This hub at the provider."""

    issuer: str
    client_id: str
    client_secret: str | None
    username_claim: str
    ca_file: str | None

    @classmethod
    def of(cls, chosen: Settings) -> "Registration | None":
        if chosen.oidc_issuer is None or chosen.oidc_client_id is None:
            return None
        secret = chosen.oidc_client_secret.get_secret_value() if chosen.oidc_client_secret else None
        if secret is None and chosen.oidc_client_secret_file is not None:
            secret = chosen.oidc_client_secret_file.read_text(encoding="utf-8").strip()
        ca_file = str(chosen.oidc_ca_file) if chosen.oidc_ca_file else None
        return cls(chosen.oidc_issuer, chosen.oidc_client_id, secret, chosen.oidc_username_claim, ca_file)


@dataclass(frozen=True)
class Asked:
    """What a browser was sent away with, and its answer must fit."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def draw(cls) -> "Asked":
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Identity:
    """Who the provider says has signed in. `subject` is its own name for the account, which it never gives again."""

    subject: str
    username: str


class Provider:
    """One provider, with what it said of itself kept for an hour. A process has one."""

    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        self._context = ssl.create_default_context(cafile=registration.ca_file)
        self._discovery: Discovery | None = None
        self._discovered_at: datetime | None = None
        self._keys: KeySet | None = None
        self._keys_at: datetime | None = None

    @classmethod
    def of(cls, chosen: Settings) -> "Provider | None":
        registration = Registration.of(chosen)
        return None if registration is None else cls(registration)

    async def authorization_address(self, asked: Asked, *, return_to: str) -> str:
        found = await self._discover()
        query = {
            "response_type": "code",
            "client_id": self.registration.client_id,
            "redirect_uri": return_to,
            "scope": SCOPE,
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": asked.challenge,
            "code_challenge_method": "S256",
        }
        return _with_query(found.authorization_endpoint, query)

    async def end_address(self, *, return_to: str) -> str | None:
        """Where the provider's own session is ended (RP-Initiated Logout 1.0), if it has such a place."""
        found = await self._discover()
        if found.end_session_endpoint is None:
            return None
        query = {"client_id": self.registration.client_id, "post_logout_redirect_uri": return_to}
        return _with_query(found.end_session_endpoint, query)

    async def identify(self, code: str, *, nonce: str, verifier: str, return_to: str) -> Identity:
        """Exchange the code and check everything that came. Raises `OpenIdRefused` or `OpenIdUnavailable`."""
        found = await self._discover()
        answer = await self._exchange(found, code, verifier, return_to)
        claims = await self._claims(found, answer.get("id_token"), nonce)
        name = claims.get(self.registration.username_claim)
        if name is None and found.userinfo_endpoint and isinstance(answer.get("access_token"), str):
            told = await self._get(found.userinfo_endpoint, {"Authorization": f"Bearer {answer['access_token']}"})
            # §5.3.2: what is told of another subject is not used.
            name = told.get(self.registration.username_claim) if told.get("sub") == claims["sub"] else None
        if not isinstance(name, str) or not name:
            raise _refused("username_missing")
        return Identity(f"{found.issuer} {claims['sub']}", name)

    async def _discover(self) -> Discovery:
        now = clock.now()
        if self._discovery is None or self._discovered_at is None or now - self._discovered_at > DOCUMENT_LIVES:
            issuer = self.registration.issuer
            document = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            try:
                found = Discovery.model_validate(document)
            except ValidationError as error:
                raise _unavailable() from error
            secure = urlsplit(issuer).scheme == "https"
            addresses = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
            if found.issuer != issuer or (secure and any(urlsplit(one).scheme != "https" for one in addresses)):
                raise _unavailable()
            self._discovery, self._discovered_at = found, now
        return self._discovery

    async def _exchange(self, found: Discovery, code: str, verifier: str, return_to: str) -> Mapping[str, Any]:
        held = self.registration
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": return_to, "code_verifier": verifier}
        by_header = "client_secret_basic" in found.token_endpoint_auth_methods_supported
        credentials: httpx.BasicAuth | None = None
        if held.client_secret is None or not by_header:
            form |= {"client_id": held.client_id} | (
                {"client_secret": held.client_secret} if held.client_secret else {}
            )
        else:
            credentials = httpx.BasicAuth(held.client_id, held.client_secret)
        async with self._client() as client:
            try:
                answer = await client.post(
                    found.token_endpoint, data=form, auth=credentials or httpx.USE_CLIENT_DEFAULT
                )
            except httpx.HTTPError as error:
                raise _unavailable() from error
        if answer.is_server_error:
            raise _unavailable()
        if not answer.is_success:
            raise _refused("code_refused")
        return _object(answer)

    async def _claims(self, found: Discovery, token: object, nonce: str) -> Mapping[str, Any]:
        if not isinstance(token, str):
            raise _refused("id_token_missing")
        claims = await self._verified(found, token)
        now = clock.now()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        faults = {
            "issuer_wrong": claims.get("iss") != found.issuer,
            "audience_wrong": self.registration.client_id not in audiences,
            "party_wrong": claims.get("azp", self.registration.client_id) != self.registration.client_id,
            "party_missing": len(audiences) > 1 and "azp" not in claims,
            "subject_missing": not isinstance(claims.get("sub"), str) or not claims["sub"],
            "nonce_wrong": not _same(claims.get("nonce"), nonce),
            "expired": not _is_time(claims.get("exp")) or now.timestamp() > claims["exp"] + LEEWAY.total_seconds(),
            "from_the_future": not _is_time(claims.get("iat"))
            or claims["iat"] > now.timestamp() + LEEWAY.total_seconds(),
        }
        for reason, is_fault in faults.items():
            if is_fault:
                raise _refused(reason)
        return claims

    async def _verified(self, found: Discovery, token: str) -> Mapping[str, Any]:
        """The claims under a signature that holds; keys are asked for once more when none fits."""
        try:
            return jwt.decode(token, await self._known_keys(found), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError):
            if self._keys_at is not None and clock.now() - self._keys_at < KEYS_ASKED_EVERY:
                raise _refused("signature_wrong") from None
        self._keys = None
        try:
            return jwt.decode(token, await self._known_keys(found), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError) as error:
            raise _refused("signature_wrong") from error

    async def _known_keys(self, found: Discovery) -> KeySet:
        if self._keys is None:
            document = await self._get(found.jwks_uri)
            try:
                self._keys = KeySet.import_key_set(dict(document))  # type: ignore[arg-type]  # checked as it is read
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise _unavailable() from error
            self._keys_at = clock.now()
        return self._keys

    async def _get(self, address: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        async with self._client() as client:
            try:
                answer = await client.get(address, headers=dict(headers or {}))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _unavailable() from error
        if not answer.is_success:
            raise _unavailable()
        return _object(answer)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=self._context, timeout=SECONDS, trust_env=False)


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json() if len(answer.content) <= LONGEST_ANSWER else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _unavailable()
    return found


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and secrets.compare_digest(given.encode(), expected.encode())


def _is_time(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _refused(reason: str) -> OpenIdRefused:
    """One sentence for everything that a broken or a forged answer can be; which it was stands in the audit log."""
    return OpenIdRefused(_("统一身份认证返回的结果没有通过核对，请重新登录；多次出现请联系系统管理员。"), reason=reason)


def _unavailable() -> OpenIdUnavailable:
    return OpenIdUnavailable(_("连不上统一身份认证服务，请稍后再试，或用用户名和密码登录。"), retry_after=10)
