"""The hash chain, computed without a database.

An event's own hash is taken in the transaction it tells of; the sealer then chains committed events
in the order of sealing, `c(n) = SHA-256(c(n-1) || h(n))`, and signs the newest link. Chaining inside
the transaction would make every read and every submission wait for the last one.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from hub.kit import json
from hub.kit.files import create_private

GENESIS = bytes(32)


def event_hash(content: Mapping[str, Any]) -> bytes:
    """SHA-256 of the event's canonical form: the database gives the keys of `details` back in another order."""
    return hashlib.sha256(json.canonical(content).encode()).digest()


def next_link(previous: bytes, event: bytes) -> bytes:
    return hashlib.sha256(previous + event).digest()


class SigningKey:
    """The Ed25519 key that signs heads. It lives in the data folder, never in the database."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        public = private.public_key()
        self._public: Ed25519PublicKey = public
        self.id = hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]

    @classmethod
    def load_or_create(cls, folder: Path) -> "SigningKey":
        """The folder's key; made at the first start, readable by its owner alone."""
        path = folder / "audit-signing-key.pem"
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        if not path.exists():
            create_private(path, made)
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{path} is not an Ed25519 key")
        return cls(key)

    def sign(self, position: int, link: bytes) -> bytes:
        return self._private.sign(_signed_content(position, link))

    def verifies(self, position: int, link: bytes, signature: bytes) -> bool:
        try:
            self._public.verify(signature, _signed_content(position, link))
        except InvalidSignature:
            return False
        return True


def _signed_content(position: int, link: bytes) -> bytes:
    return b"collect-once-hub audit head\n" + position.to_bytes(8, "big") + link
