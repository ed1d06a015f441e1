"""The form as a browser sends it: fields `v.<division>.<element>` and `m.<division>.<element>`, back into entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from hub.capture.confirmations import Confirmation
from hub.capture.desk import DraftView
from hub.capture.rows import DraftRow, TypedEntry, typed_text
from hub.datatypes import is_blank
from hub.forms.content import FormContent
from hub.kit.typed import as_typed

CARRY = "carry."
REASON = "reason|"
DROP = "drop_strays"


@dataclass(frozen=True)
class PostedSheet:
    """What the page sent: everything typed, which button, which state of the draft it had been typed over."""

    entries: tuple[TypedEntry, ...]
    etag: str
    action: str
    confirmations: tuple[Confirmation, ...]
    reason: str

    @property
    def carried_section(self) -> int | None:
        """The section whose "unchanged" button was pressed."""
        number = self.action.removeprefix(CARRY)
        return int(number) if self.action.startswith(CARRY) and number.isdecimal() else None

    @property
    def has_explanations(self) -> bool:
        """Reasons live on the page until they are submitted, so a page with some is never thrown away."""
        return bool(self.confirmations or self.reason)


def read_posted(form: FormData, view: DraftView) -> PostedSheet:
    texts = as_typed(form)
    rows, strays = split_rows(view)
    entries = [_entry(row, view.form, texts) for row in rows]
    if DROP not in texts:
        entries = [_with_stray_cells(entry, row, view.form) for entry, row in zip(entries, rows, strict=True)]
        entries += [TypedEntry(row.division, row.values, row.missing) for row in strays]
    return PostedSheet(
        entries=tuple(entry for entry in entries if entry.values or entry.missing),
        etag=texts.get("etag", ""),
        action=texts.get("action", "save"),
        confirmations=tuple(
            _confirmation(name, value) for name, value in texts.items() if name.startswith(REASON) and value.strip()
        ),
        reason=texts.get("reason", ""),
    )


def split_rows(view: DraftView) -> tuple[list[DraftRow], list[DraftRow]]:
    """The rows of the task, and whatever else was typed: unknown places and repeated rows."""
    rows: dict[str, DraftRow] = {}
    strays = []
    for row in view.rows:
        if row.division_name and row.division not in rows:
            rows[row.division] = row
        else:
            strays.append(row)
    return list(rows.values()), strays


def typed_entries_of(view: DraftView) -> tuple[TypedEntry, ...]:
    """What the draft holds now, in the page's own order, to be compared with what was posted."""
    rows, strays = split_rows(view)
    entries = [TypedEntry(row.division, row.values, row.missing) for row in [*rows, *strays]]
    return tuple(entry for entry in entries if entry.values or entry.missing)


def take_over(entries: Sequence[TypedEntry], view: DraftView, section: int) -> tuple[TypedEntry, ...]:
    """The preceding period's values into the empty cells of one section; nothing typed is touched."""
    if section >= len(view.form.sections):
        return tuple(entries)
    wanted = {field.identifier for field in view.form.sections[section].fields if field.spec.source == "captured"}
    rows, _strays = split_rows(view)
    typed = {entry.division: entry for entry in reversed(entries)}
    taken = []
    for row in rows:
        entry = typed.pop(row.division, TypedEntry(row.division))
        offered = {
            name: value
            for name, value in row.previous.items()
            if name in wanted and is_blank(entry.values.get(name)) and not entry.missing.get(name)
        }
        taken.append(TypedEntry(row.division, {**entry.values, **offered}, entry.missing))
    known = {row.division for row in rows}
    others = [entry for entry in entries if entry.division not in known]
    return tuple(entry for entry in [*taken, *others] if entry.values or entry.missing)


def _entry(row: DraftRow, form: FormContent, texts: Mapping[str, str]) -> TypedEntry:
    """A cell that did not come along keeps what it had: a page cut short clears nothing."""
    values, missing = {}, {}
    for field in form.captured:
        name = field.identifier
        value = _kept_or_typed(row.values.get(name), texts.get(f"v.{row.division}.{name}"))
        reason = _kept_or_typed(row.missing.get(name), texts.get(f"m.{row.division}.{name}"))
        if value is not None:
            values[name] = value
        if reason is not None:
            missing[name] = reason
    return TypedEntry(row.division, values, missing)


def _kept_or_typed(held: Any, text: str | None) -> Any:
    """What came through another door keeps its type while its text is untouched: 213 does not become "213"."""
    if text is None or text == typed_text(held):
        return held
    return text or None


def _with_stray_cells(entry: TypedEntry, row: DraftRow, form: FormContent) -> TypedEntry:
    asked = {field.identifier for field in form.captured}
    return TypedEntry(
        entry.division,
        {**entry.values, **{name: value for name, value in row.values.items() if name not in asked}},
        {**entry.missing, **{name: value for name, value in row.missing.items() if name not in asked}},
    )


def reason_name(code: str, division: str, element: str | None, rule: str | None) -> str:
    """The field for the reason of one warning."""
    return REASON + "|".join((code, division, element or "", rule or ""))


def _confirmation(name: str, reason: str) -> Confirmation:
    code, division, element, rule = [*name.removeprefix(REASON).split("|"), "", "", "", ""][:4]
    return Confirmation(code, division, element or None, reason, rule or None)
