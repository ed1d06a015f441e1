"""Entity tags of a draft (RFC 9110 §8.8.3): strong, over what was typed and nothing else."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from hub.kit import json

_TAGS = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')


def content_sha256(rows: Sequence[Any]) -> bytes:
    return hashlib.sha256(json.dumps(rows).encode()).digest()


def entity_tag(digest: bytes) -> str:
    return f'"{digest.hex()}"'


def matches(if_match: str, current: str) -> bool:
    """`*` matches whatever there is; a weak tag never matches here (RFC 9110 §13.1.1)."""
    if if_match.strip() == "*":
        return True
    return any(not weak and f'"{tag}"' == current for weak, tag in _TAGS.findall(if_match))
