"""What makes a submission's content provable: a hash over a form of it that has one spelling only."""

import hashlib
from datetime import datetime
from uuid import UUID

from hub.kit import json
from hub.kit.json import Written


def submission_checksum(number: str, collection: UUID, submitted_at: datetime, content: Written) -> str:
    """SHA-256, in hex, of the canonical JSON of these four, so that anybody who has the receipt can compute it.

    `content` is canonical already: it is spelled once, hashed here and stored as it is.
    """
    head = json.canonical({"collection": collection}).removesuffix("}")
    tail = json.canonical({"number": number, "submitted_at": json.format_instant(submitted_at)}).removeprefix("{")
    return hashlib.sha256(f'{head},"content":{content.text},{tail}'.encode()).hexdigest()
