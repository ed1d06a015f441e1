"""A receipt as its page shows it, made of its document alone, so that a saved page can be held against it.

The words around the values are part of the format (`FORMAT`), in both languages: whoever changes one makes another
format, or pages that people saved years ago would be called altered. The downloaded file does not depend on them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from hub.calendar.words import period_words
from hub.capture.task_page import door_words
from hub.capture.words import missing_choices
from hub.kit.clock import CHINA
from hub.kit.i18n import gettext as _
from hub.kit.shown import cell
from hub.receipts.receipt import Document, short_code

# As many as stand beside each other on an upright A4 page.
COLUMNS_OF_A_TABLE = 6


@dataclass(frozen=True)
class ReceiptFact:
    label: str
    text: str
    kind: str = ""


@dataclass(frozen=True)
class ReceiptTable:
    """A part of the content: some columns of one section, all rows."""

    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def corner(self) -> str:
        return _("单位")


@dataclass(frozen=True)
class ReceiptWarning:
    message: str
    reason: str


@dataclass(frozen=True)
class ReceiptPage:
    """`embedded`: the signed document, which a saved page carries along. `superseded_by`: the newer submission."""

    number: str
    collection: str
    form_name: str
    period: str
    facts: tuple[ReceiptFact, ...]
    tables: tuple[ReceiptTable, ...]
    warnings: tuple[ReceiptWarning, ...]
    embedded: str = ""
    superseded_by: str | None = None
    is_own: bool = False
    may_see_values: bool = False

    @property
    def signed_texts(self) -> Iterator[str]:
        """Every text that the document vouches for, in the order of the page."""
        for fact in self.facts:
            yield fact.text
        for table in self.tables:
            yield table.corner
            yield from (f"{label} {unit}".strip() for label, unit in table.columns)
            for name, texts in table.rows:
                yield name
                yield from texts
        for warning in self.warnings:
            yield warning.message
            yield warning.reason


def receipt_page(document: Document) -> ReceiptPage:
    """In the language that the document says it was made in (see `use_language`)."""
    head = document["head"]
    return ReceiptPage(
        number=head["number"],
        collection=head["collection"],
        form_name=head["form_name"],
        period=period_words(head["period"]),
        facts=tuple(fact for fact in _facts(head) if fact.text),
        tables=tuple(_tables(head, document["content"])) if "content" in document else (),
        warnings=tuple(ReceiptWarning(one["message"], one["reason"]) for one in head["warnings"]),
    )


def _facts(head: Mapping[str, Any]) -> list[ReceiptFact]:
    """The instant to the microsecond, in China's time: it is part of what the checksum covers."""
    at = datetime.fromisoformat(head["submitted_at"]).astimezone(CHINA)
    counted = _("共 {rows} 行，本次变动 {changed} 行")
    corrected = _("取代 {number}").format(number=head["supersedes"]) if head["supersedes"] else ""
    return [
        ReceiptFact(_("回执编号"), head["number"], "code"),
        ReceiptFact(_("核对码"), short_code(head["checksum"]), "short"),
        ReceiptFact(_("单位"), head["township_name"]),
        ReceiptFact(
            _("报表"), _("{name}（第{version}版）").format(name=head["form_name"], version=head["form_version"])
        ),
        ReceiptFact(_("报告期"), period_words(head["period"])),
        ReceiptFact(_("提交时间"), _("{at}（北京时间）").format(at=at.strftime("%Y-%m-%d %H:%M:%S.%f"))),
        ReceiptFact(_("提交人"), head["submitted_by"]),
        ReceiptFact(_("签发人"), head["signed_by"] or ""),
        ReceiptFact(_("途径"), door_words(head["door"])),
        ReceiptFact(_("行数"), counted.format(rows=len(head["rows"]), changed=head["changed_rows"])),
        ReceiptFact(_("更正"), corrected, "code" if corrected else ""),
        ReceiptFact(_("更正原因"), head["reason"] or ""),
        ReceiptFact(_("校验码（SHA-256）"), head["checksum"], "code"),
    ]


def _tables(head: Mapping[str, Any], content: Sequence[Mapping[str, Any]]) -> Iterator[ReceiptTable]:
    names = [row["name"] for row in head["rows"]]
    for title, grouped in groupby(head["columns"], key=itemgetter("section")):
        columns = list(grouped)
        for start in range(0, len(columns), COLUMNS_OF_A_TABLE):
            part = columns[start : start + COLUMNS_OF_A_TABLE]
            yield ReceiptTable(
                title if start == 0 else _("{title}（续）").format(title=title),
                tuple((column["label"], column["unit"]) for column in part),
                tuple(
                    (name, tuple(_said(column, row) for column in part))
                    for name, row in zip(names, content, strict=True)
                ),
            )


def _said(column: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    identifier = column["identifier"]
    value = row["values"].get(identifier, row["derived"].get(identifier))
    if value is None:
        reasons = {choice.value: choice.label for choice in missing_choices()}
        missing = row["missing"].get(identifier, "")
        return reasons.get(missing, missing) or "—"
    meaning = column["meanings"].get(value) if isinstance(value, str) else None
    return f"{value} {meaning}" if meaning else cell(value)
