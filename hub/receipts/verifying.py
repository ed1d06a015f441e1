"""`hub verify-receipt`: does a receipt say what was signed, and is that what the hub holds? Without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Literal

from hub.audit.chain import PublicKey
from hub.kit import json
from hub.kit.errors import BadRequest
from hub.kit.i18n import Language, use_language
from hub.kit.i18n import gettext as _
from hub.receipts.page import receipt_page
from hub.receipts.receipt import Document, find_fault, holds_together, is_signed_by, short_code
from hub.receipts.service import HeldSubmission

Truth = Literal["true", "altered", "unknown", "superseded"]
DATA_ID, ARTICLE_ID = "receipt-data", "receipt"
# Every cell and every answer on the page must be one that the document vouches for.
VOUCHED = frozenset({"dd", "td", "th"})
WITHOUT_END = frozenset({"br", "img", "hr", "input", "meta", "link", "col", "wbr"})
LARGEST_FILE = 32 * 1024 * 1024


class NoReceipt(BadRequest):
    """The file is neither the downloaded receipt nor a saved page of one."""

    code = "receipt_not_readable"


@dataclass(frozen=True)
class ReadReceipt:
    """`shown`: the texts of a saved page, in order; None when the file is the document itself."""

    document: Document
    shown: Sequence[str] | None


@dataclass(frozen=True)
class ReceiptVerdict:
    """`sentences` for people; the first one is the verdict, the others say what was compared."""

    truth: Truth
    sentences: tuple[str, ...]


def read_receipt_file(content: bytes) -> ReadReceipt:
    """The document in a downloaded file, or in the page that a browser saved."""
    if len(content) > LARGEST_FILE:
        raise NoReceipt(_("文件太大：最多 {limit} MB。").format(limit=LARGEST_FILE // (1024 * 1024)))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NoReceipt(_not_readable()) from error
    if text.lstrip().startswith("{"):
        return ReadReceipt(_document(text), None)
    page = _SavedPage()
    page.feed(text)
    page.close()
    if not page.data:
        raise NoReceipt(_not_readable())
    return ReadReceipt(_document(page.data), page.shown)


def _not_readable() -> str:
    return _("这不是回执文件：请用下载的回执文件（.json）或浏览器保存的回执网页（.html）。")


def _document(text: str) -> Document:
    try:
        document = json.parse(text.encode())
    except UnicodeEncodeError as error:
        raise NoReceipt(_not_readable()) from error
    fault = find_fault(document)
    if fault is not None:
        raise NoReceipt(_("这不是回执文件，或它的格式本程序不认识（{part}）。").format(part=fault))
    return document  # type: ignore[no-any-return]  # checked just here


class _SavedPage(HTMLParser):
    """The embedded document, and what the article shows: as a browser would read both."""

    def __init__(self) -> None:
        super().__init__()
        self.data = ""
        self.shown: list[str] = []
        self._stack: list[tuple[str, bool]] = []
        self._is_data = False
        self._article = 0
        self._parts: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._is_data = tag == "script" and given.get("id") == DATA_ID
        if tag in WITHOUT_END:
            return
        if tag == "article" and given.get("id") == ARTICLE_ID:
            self._article += 1
        is_vouched = bool(self._article) and self._parts is None and (tag in VOUCHED or "data-signed" in given)
        if is_vouched:
            self._parts = []
        self._stack.append((tag, is_vouched))

    def handle_endtag(self, tag: str) -> None:
        self._is_data = False
        if tag not in {one for one, _is_vouched in self._stack}:
            return
        while self._stack:
            ended, is_vouched = self._stack.pop()
            if is_vouched and self._parts is not None:
                self.shown.append(_blanks_joined("".join(self._parts)))
                self._parts = None
            if ended == "article" and self._article:
                self._article -= 1
            if ended == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._is_data:
            self.data += data
        elif self._parts is not None:
            self._parts.append(data)


def _blanks_joined(text: str) -> str:
    return " ".join(text.split())


def judge(receipt: ReadReceipt, key: PublicKey | None) -> ReceiptVerdict:
    """By signature and checksum alone."""
    document = receipt.document
    facts = _facts(document)
    if key is None:
        return ReceiptVerdict("unknown", (_("无法核对：本机没有平台的签名密钥，请用 --key 指定公钥文件。"), *facts))
    if key.id != document["key_id"]:
        sentence = _("无法核对：这份回执由另一把密钥（{theirs}）签名，本机的是 {ours}。")
        return ReceiptVerdict("unknown", (sentence.format(theirs=document["key_id"], ours=key.id), *facts))
    if not _has_valid_signature(document, key):
        return ReceiptVerdict("altered", (_("已被改动：签名与回执的内容不符。"),))
    if not _content_holds(document):
        return ReceiptVerdict("altered", (_("已被改动：数据与校验码不符。"), *facts))
    if receipt.shown is not None:
        difference = _find_difference(document, receipt.shown)
        if difference is not None:
            return ReceiptVerdict("altered", (difference, *facts))
    return ReceiptVerdict("true", (_("属实：签名有效，内容与校验码一致。"), *facts))


def _has_valid_signature(document: Document, key: PublicKey) -> bool:
    try:
        return is_signed_by(document, key)
    except ValueError:
        return False


def _content_holds(document: Document) -> bool:
    try:
        return holds_together(document)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def _find_difference(document: Document, shown: Sequence[str]) -> str | None:
    """The first text of a saved page that is not what was signed."""
    language: Language = "en" if document["head"].get("language") == "en" else "zh"
    with use_language(language):
        vouched = [_blanks_joined(text) for text in receipt_page(document).signed_texts]
    for said, signed in zip_longest(shown, vouched):
        if said != signed:
            return _("已被改动：页面上写的是“{said}”，签名的内容是“{signed}”。").format(
                said=_short(said), signed=_short(signed)
            )
    return None


def _short(text: str | None) -> str:
    return _("（没有）") if text is None else text[:60]


def _facts(document: Document) -> tuple[str, ...]:
    head = document["head"]
    return (
        _("回执编号 {number}，核对码 {code}").format(number=head["number"], code=_code(head["checksum"])),
        _("{township} {form} {period}，{at} 由 {by} 提交").format(
            township=head.get("township_name", head["township"]),
            form=head["form_name"],
            period=head["period"],
            at=head["submitted_at"],
            by=head["submitted_by"],
        ),
        _("校验码 {checksum}").format(checksum=head["checksum"]),
    )


def _code(checksum: str) -> str:
    try:
        return short_code(checksum)
    except ValueError:
        return "—"


def compare(verdict: ReceiptVerdict, receipt: ReadReceipt, held: HeldSubmission | None) -> ReceiptVerdict:
    """A receipt that proved itself, held against the database."""
    if verdict.truth != "true":
        return verdict
    facts = verdict.sentences[1:]
    if held is None:
        sentence = _("查无此件：签名有效，但数据库里没有这个编号的提交，可能恢复过更早的备份。")
        return ReceiptVerdict("unknown", (sentence, *facts))
    head, submission = receipt.document["head"], held.submission
    at = datetime.fromisoformat(head["submitted_at"])
    if (submission.checksum, submission.submitted_at, submission.township) != (head["checksum"], at, head["township"]):
        return ReceiptVerdict("altered", (_("不一致：签名有效，但数据库里这个编号的内容已不是这一份。"), *facts))
    if held.superseded_by is not None:
        sentence = _("属实，但已被更正取代：最新的提交是 {number}。")
        return ReceiptVerdict("superseded", (sentence.format(number=held.superseded_by), *facts))
    return ReceiptVerdict("true", (_("属实：签名有效，与数据库里的提交一致，且没有被更正取代。"), *facts))
