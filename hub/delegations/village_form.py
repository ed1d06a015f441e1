"""The village's form as a phone sends it: each cell with what it was typed over, back into changes. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import FormData

from hub.capture.cells import CellChange, CellText
from hub.kit.db import uuid7
from hub.kit.typed import as_typed

# Value and reason as typed, and as they stood when the page was made.
VALUE, REASON, VALUE_BEFORE, REASON_BEFORE = "v.", "m.", "w.", "x."
HAND_BACK, HAND_BACK_ANYWAY = "hand_back", "hand_back_anyway"


@dataclass(frozen=True)
class PostedVillage:
    """`texts`: every cell that came along, by element. Another village's cells are not looked at."""

    division: str
    texts: dict[str, CellText]
    changes: tuple[CellChange, ...]
    etag: str
    key: str
    action: str

    @property
    def elements(self) -> frozenset[str]:
        return frozenset(self.texts)

    @property
    def is_to_hand_back(self) -> bool:
        return self.action in {HAND_BACK, HAND_BACK_ANYWAY}

    @property
    def is_sure(self) -> bool:
        return self.action == HAND_BACK_ANYWAY


def read_posted(form: FormData, division: str, asked: Iterable[str]) -> PostedVillage:
    """`asked`: the elements that are filled in. A cell that did not come along keeps what it has."""
    typed = as_typed(form)
    elements = [name for name in asked if f"{VALUE}{division}.{name}" in typed]

    def text(prefix: str, element: str) -> str:
        return typed.get(f"{prefix}{division}.{element}", "")

    now = {name: CellText(text(VALUE, name), text(REASON, name)) for name in elements}
    before = {name: CellText(text(VALUE_BEFORE, name), text(REASON_BEFORE, name)) for name in elements}
    return PostedVillage(
        division=division,
        texts=now,
        changes=tuple(
            CellChange(division, name, now=now[name], was=before[name])
            for name in elements
            if now[name] != before[name]
        ),
        etag=typed.get("etag", ""),
        key=typed.get("key", "")[:64] or uuid7().hex,
        action=typed.get("action", "save"),
    )
