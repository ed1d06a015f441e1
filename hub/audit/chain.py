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
    load_pem_public_key,
)

from hub.kit import json
from hub.kit.files import create_private

GENESIS = bytes(32)
KEY_FILE = "audit-signing-key.pem"


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
        path = folder / KEY_FILE
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

    def sign_document(self, kind: str, content: bytes) -> bytes:
        """A document that leaves the hub. Its kind is signed too: no signature passes for another kind's."""
        return self._private.sign(_signed_document(kind, content))

    @property
    def public(self) -> "PublicKey":
        return PublicKey(self._public)


class PublicKey:
    """The half of the signing key that anybody may have, to see who signed a document."""

    def __init__(self, public: Ed25519PublicKey) -> None:
        self._public = public
        self.id = key_id(public)

    @classmethod
    def find(cls, file: Path) -> "PublicKey | None":
        """From a PEM file with the public half, or with the private one; None when there is no such key."""
        if not file.is_file():
            return None
        try:
            if b"PRIVATE" in (pem := file.read_bytes()):
                private = load_pem_private_key(pem, password=None)
                key: object = private.public_key() if isinstance(private, Ed25519PrivateKey) else None
            else:
                key = load_pem_public_key(pem)
        except ValueError:
            return None
        return cls(key) if isinstance(key, Ed25519PublicKey) else None

    def verifies_document(self, kind: str, content: bytes, signature: bytes) -> bool:
        try:
            self._public.verify(signature, _signed_document(kind, content))
        except InvalidSignature:
            return False
        return True

    def to_pem(self) -> str:
        return self._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_id(public: Ed25519PublicKey) -> str:
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def _signed_document(kind: str, content: bytes) -> bytes:
    return f"collect-once-hub {kind}\n".encode() + content


def _signed_content(position: int, link: bytes) -> bytes:
    return b"collect-once-hub audit head\n" + position.to_bytes(8, "big") + link
