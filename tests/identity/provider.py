"""An OpenID provider of the tests' own: a real server that issues really signed tokens, and wrong ones on request."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import uvicorn
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "hub", "provider-secret"


@dataclass
class TestProvider:
    """`claims` overrides what the next tokens say; `sign_with` is the key they are signed with."""

    __test__ = False

    issuer: str = ""
    username: str = "reporter_east"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    claims: dict[str, Any] = field(default_factory=dict)
    sign_with: Any = None
    algorithm: str = "RS256"
    grants: dict[str, dict[str, str]] = field(default_factory=dict)
    exchanges: list[dict[str, str]] = field(default_factory=list)

    def forget(self) -> None:
        self.username, self.claims, self.sign_with, self.algorithm = "reporter_east", {}, None, "RS256"
        self.grants.clear()
        self.exchanges.clear()

    def shared_secret(self) -> OctKey:
        """What both sides know signs nothing: then the hub could have said it to itself (RFC 8725 §3.1)."""
        return OctKey.import_key(CLIENT_SECRET * 2, {"kid": "one"})

    def token(self, nonce: str) -> str:
        now = int(time.time())
        said = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": f"subject-of-{self.username}",
            "preferred_username": self.username,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
        } | self.claims
        said = {name: value for name, value in said.items() if value is not None}
        header = {"alg": self.algorithm, "kid": "one"}
        return jwt.encode(header, said, self.sign_with or self.key, algorithms=[self.algorithm])

    def application(self) -> Starlette:
        async def discovery(_request: Request) -> Response:
            return JSONResponse(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "end_session_endpoint": f"{self.issuer}/logout",
                    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                }
            )

        async def keys(_request: Request) -> Response:
            return JSONResponse({"keys": [self.key.as_dict(private=False)]})

        async def authorize(request: Request) -> Response:
            """The person signs in at once: what they type there is not the hub's affair."""
            asked = dict(request.query_params)
            code = f"code-{len(self.grants)}-{time.monotonic_ns()}"
            self.grants[code] = asked
            return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", 302)

        async def token(request: Request) -> Response:
            form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
            self.exchanges.append(form | {"authorization": request.headers.get("authorization", "")})
            asked = self.grants.pop(form.get("code", ""), None)
            if asked is None or create_s256_code_challenge(form["code_verifier"]) != asked["code_challenge"]:
                return JSONResponse({"error": "invalid_grant"}, 400)
            return JSONResponse({"token_type": "Bearer", "access_token": "x", "id_token": self.token(asked["nonce"])})

        paths = {"/.well-known/openid-configuration": discovery, "/keys": keys, "/authorize": authorize}
        return Starlette(
            routes=[*(Route(path, serve) for path, serve in paths.items()), Route("/token", token, methods=["POST"])]
        )


@contextmanager
def serving() -> Iterator[TestProvider]:
    provider = TestProvider()
    listening = socket.create_server(("127.0.0.1", 0))
    provider.issuer = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(provider.application(), log_level="warning", access_log=False))
    thread = threading.Thread(target=asyncio.run, args=(server.serve([listening]),))
    thread.start()
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join()


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
