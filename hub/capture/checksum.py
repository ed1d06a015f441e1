"""What makes a submission's content provable: a hash over a form of it that has one spelling only."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.kit import json


def submission_checksum(number: str, collection: UUID, submitted_at: datetime, content: Sequence[Any]) -> str:
    """SHA-256, in hex, of the JSON of these four, keys sorted, no blanks, numbers exact (as RFC 8785 in spirit).

    RFC 8785 itself writes numbers as IEEE doubles and could not carry ours.
    """
    document = {
        "number": number,
        "collection": collection,
        "submitted_at": json.format_instant(submitted_at),
        "content": content,
    }
    return hashlib.sha256(json.dumps(_sorted(document)).encode()).hexdigest()


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(item) for key, item in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value
