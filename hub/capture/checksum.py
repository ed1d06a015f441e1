"""What makes a submission's content provable: a hash over a form of it that has one spelling only."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.kit import json


def submission_checksum(number: str, collection: UUID, submitted_at: datetime, content: Sequence[Any]) -> str:
    """SHA-256, in hex, of the canonical JSON of these four, so that anybody who has the receipt can compute it."""
    document = {
        "number": number,
        "collection": collection,
        "submitted_at": json.format_instant(submitted_at),
        "content": content,
    }
    return hashlib.sha256(json.canonical(document).encode()).hexdigest()
