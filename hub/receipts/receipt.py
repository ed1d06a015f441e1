"""A receipt that proves itself: what was submitted, when and by whom, signed, in one document. Pure.

The head is signed by the hub's key. It holds the checksum of the content, so the content needs no signature
of its own, and whoever may not see the values can still be given a receipt that verifies.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.audit.chain import PublicKey, SigningKey
from hub.capture.checksum import submission_checksum
from hub.capture.models import Submission
from hub.forms.content import FormContent
from hub.kit import json
from hub.kit.i18n import current_language
from hub.kit.json import Written

FORMAT = "collect-once-hub receipt 1"
KIND = "receipt"
# Crockford's 32 letters: none is taken for another when it is read aloud or copied by hand.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SHORT_LETTERS, SHORT_GROUP = 8, 4
BITS_OF_A_LETTER = 5

Document = Mapping[str, Any]


@dataclass(frozen=True)
class ReceiptNames:
    """What the codes of a submission are called: its township, and each division of its rows."""

    township: str
    places: Mapping[str, str]


def short_code(checksum: str) -> str:
    """Forty bits of the checksum to compare by eye: `7K3M-9QXA`."""
    number = int(checksum[: SHORT_LETTERS * BITS_OF_A_LETTER // 4], 16)
    letters = [ALPHABET[(number >> BITS_OF_A_LETTER * place) & 31] for place in reversed(range(SHORT_LETTERS))]
    text = "".join(letters)
    return "-".join(text[start : start + SHORT_GROUP] for start in range(0, SHORT_LETTERS, SHORT_GROUP))


def qr_text(head: Document) -> str:
    """What the square holds: enough to find the submission and to see that it is this one."""
    return f"{FORMAT}\n{head['number']}\n{head['checksum']}"


def make_document(
    submission: Submission, form: FormContent, names: ReceiptNames, key: SigningKey, *, with_content: bool
) -> Document:
    head = _head(submission, form, names)
    document = {
        "format": FORMAT,
        "head": head,
        "key_id": key.id,
        "signature": key.sign_document(KIND, json.canonical(head).encode()).hex(),
    }
    return {**document, "content": submission.content} if with_content else document


def _head(submission: Submission, form: FormContent, names: ReceiptNames) -> dict[str, Any]:
    """Everything that the receipt says, the names of rows and columns too: a figure under another name is another."""
    return {
        "number": submission.number,
        "collection": str(submission.collection_id),
        "language": current_language(),
        "form": submission.form,
        "form_name": form.name,
        "form_version": submission.form_version,
        "period": submission.period,
        "township": submission.township,
        "township_name": names.township,
        "submitted_at": json.format_instant(submission.submitted_at),
        "submitted_by": submission.submitted_by,
        "signed_by": submission.signed_by,
        "door": submission.door,
        "supersedes": submission.supersedes,
        "reason": submission.reason,
        "changed_rows": submission.changed_rows,
        "checksum": submission.checksum,
        "warnings": [{"message": one["message"], "reason": one["reason"]} for one in submission.warnings],
        "columns": list(_columns(form, submission.content)),
        "rows": [
            {"division": row["division"], "name": names.places.get(row["division"], row["division"])}
            for row in submission.content
        ],
    }


def _columns(form: FormContent, content: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What was submitted, in the form's order; what departments supply is none of the township's."""
    answered = {name for row in content for part in ("values", "missing", "derived") for name in row[part]}
    for field in form.fields:
        if field.identifier in answered or field.spec.source == "captured":
            yield {
                "identifier": field.identifier,
                "label": field.spec.label,
                "unit": field.spec.domain.unit or "",
                "section": field.section,
                "meanings": dict(field.spec.domain.meanings),
            }


def holds_together(document: Document) -> bool:
    """Whether the content that comes along is the one that the signed checksum is of."""
    if "content" not in document:
        return True
    head = document["head"]
    instant = datetime.fromisoformat(head["submitted_at"])
    content = Written(json.canonical(document["content"]))
    computed = submission_checksum(head["number"], UUID(head["collection"]), instant, content)
    return computed == str(head["checksum"])


def is_signed_by(document: Document, key: PublicKey) -> bool:
    signature = bytes.fromhex(document["signature"])
    return key.verifies_document(KIND, json.canonical(document["head"]).encode(), signature)


def find_fault(document: object) -> str | None:
    """What keeps a document from being a receipt at all: its first part that is missing or of another kind."""
    if not isinstance(document, dict):
        return "format"
    kinds: Iterable[tuple[str, type]] = (("format", str), ("head", dict), ("key_id", str), ("signature", str))
    for name, kind in kinds:
        if not isinstance(document.get(name), kind):
            return name
    if document["format"] != FORMAT:
        return "format"
    texts = ("number", "collection", "submitted_at", "submitted_by", "checksum", "township", "form_name", "period")
    wrong = next((name for name in texts if not isinstance(document["head"].get(name), str)), None)
    return None if wrong is None else f"head.{wrong}"
