"""Passwords and random secrets: what is kept is never what was given."""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.kit.i18n import gettext as _

PasswordPolicy = Literal["dengbao", "asvs"]

MINIMUM_LENGTH = 10
MAXIMUM_LENGTH = 200

# OWASP's first choice for argon2id: 46 MiB, one pass, one lane; about 60 ms on one core.
_HASHER = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
# A flood of sign-ins may not take all memory: at most two hashings at once, 92 MiB.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
_COMMON = ("password", "12345678", "qwertyui", "11111111", "00000000", "88888888", "woaini", "admin")


async def hash_password(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, password)


async def verify_password(password: str, password_hash: str | None) -> bool:
    """True when they match. An unknown account costs the same time as a wrong password."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _verify, password, password_hash)


def _verify(password: str, password_hash: str | None) -> bool:
    if password_hash is None:
        _HASHER.hash(password)
        return False
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def password_faults(password: str, username: str, *, policy: PasswordPolicy) -> Sequence[str]:
    """What keeps a password from being accepted, as sentences; empty when it is good.

    GB/T 22239-2019 8.1.4.1 a) asks for complexity; ASVS 5.0 6.2.5 forbids to. Which of the two
    rules holds is the operator's setting; the length and the common words count in both.
    """
    faults = []
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        faults.append(_("密码长度应为 {low} 到 {high} 个字符。").format(low=MINIMUM_LENGTH, high=MAXIMUM_LENGTH))
    if username.lower() in password.lower() or any(word in password.lower() for word in _COMMON):
        faults.append(_("密码不能包含用户名或常见密码。"))
    if policy == "dengbao" and _character_classes(password) < 3:  # noqa: PLR2004 - three of the four classes
        faults.append(_("密码应包含大写字母、小写字母、数字、符号中的至少三类。"))
    return faults


def _character_classes(password: str) -> int:
    classes = (str.isupper, str.islower, str.isdecimal)
    return sum(any(test(c) for c in password) for test in classes) + any(not c.isalnum() for c in password)


def new_secret(prefix: str) -> str:
    """256 random bits; the prefix tells people and scanners what it is."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def new_password() -> str:
    """A password an administrator hands over, accepted by every policy."""
    return f"{secrets.token_urlsafe(9)}-{secrets.choice('ABCDEFGHJKLMNPQRSTUVWXYZ')}{secrets.randbelow(90) + 10}a"


def digest(secret: str) -> bytes:
    """What is kept of a random secret: SHA-256 is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def same(one: bytes, other: bytes) -> bool:
    return secrets.compare_digest(one, other)
