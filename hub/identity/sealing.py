"""Secrets that must be read again, at rest: sealed with a key that is not in the database."""

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.identity.errors import SealBroken
from hub.kit.files import create_private
from hub.kit.i18n import gettext as _

KEY_FILE = "sealing-key"
KEY_BYTES, NONCE_BYTES = 32, 12
# The first byte says how the rest was sealed, so that another way can come later.
AES_256_GCM = b"\x01"


class SealingKey:
    """AES-256-GCM. What is sealed for one owner does not open for another."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def load_or_create(cls, folder: Path) -> "SealingKey":
        """The data folder's key; made when it is first wanted, readable by its owner alone, and backed up with it."""
        path = folder / KEY_FILE
        if not path.exists():
            create_private(path, secrets.token_bytes(KEY_BYTES))
        return cls(path.read_bytes())

    def seal(self, secret: bytes, *, owner: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return AES_256_GCM + nonce + self._cipher.encrypt(nonce, secret, AES_256_GCM + owner)

    def open(self, sealed: bytes, *, owner: bytes) -> bytes:
        """Raises `SealBroken` when the key is another one, or the content was changed or moved to another owner."""
        kind, nonce, content = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, content, kind + owner)
        except InvalidTag as error:
            raise SealBroken(
                _("动态验证码的密钥无法读取（数据目录里的 sealing-key 不是当时的那一个），请管理员重置后重新绑定。")
            ) from error
