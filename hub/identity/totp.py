"""Codes of an authenticator, computed without a database (RFC 6238 with its usual choices: SHA-1, 30 s, six digits).

SHA-1 is what every authenticator app understands; HMAC does not rest on what SHA-1 has lost.
"""

import base64
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_SECONDS, DIGITS = 30, 6
# A telephone's clock may be half a minute off, either way.
DRIFT_STEPS = 1
# RFC 4226 §4 asks for 128 bits and recommends 160.
SECRET_BYTES = 20


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def matching_step(secret: bytes, code: str, now: datetime, *, last_step: int | None) -> int | None:
    """The time step that this code is of; None when it is of none, or of one that was taken already (ASVS 6.5.1)."""
    given = code.strip().replace(" ", "")
    if len(given) != DIGITS or not given.isascii() or not given.isdecimal():
        return None
    current = int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        # All of them are computed, so that the time taken does not tell which one was near.
        if secrets.compare_digest(code_at(secret, step), given) and (last_step is None or step > last_step):
            found = step
    return found


def code_at(secret: bytes, step: int) -> str:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS).generate(step * STEP_SECONDS).decode()  # noqa: S303 - see above


def as_text(secret: bytes) -> str:
    """For whoever types it: base 32 in groups of four."""
    plain = base64.b32encode(secret).decode()
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def address(secret: bytes, *, account: str, issuer: str) -> str:
    """What the QR code holds (Key Uri Format, as authenticator apps read it)."""
    asked = {
        "secret": base64.b32encode(secret).decode(),
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": STEP_SECONDS,
    }
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{urlencode(asked, quote_via=quote)}"
