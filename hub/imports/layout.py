"""Where in a sheet the table stands: which row heads it, which column is which element, of which form. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from hub.calendar.periods import Period, PeriodFault
from hub.imports.words import DIVISION, PASSED_OVER, PERIOD, REASON_SUFFIXES, plain, spellings

# A title, a legend and two levels of headings stand above the figures, hardly more.
HEAD_ROWS = 40
CODE = r"^\d{2,12}$"
LONGEST_PERIOD = 20

_PERIOD = re.compile(r"\d{4}年第\d季度|\d{4}年\d{1,2}月(?!\d)(?!份?\d*日)|(?<![-\d])\d{4}-(?:\d{2}|[QS]\d)(?![-\d])")

Role = Literal["division", "period", "element", "reason", "passed_over", "unknown"]


@dataclass(frozen=True)
class KnownForm:
    """A form as files may spell it. `names`: every spelling that means one of its elements, to the identifier."""

    code: str
    name: str
    code_length: int
    period_type: str
    names: Mapping[str, str]

    @property
    def identifiers(self) -> frozenset[str]:
        return frozenset(self.names.values())


@dataclass(frozen=True)
class Column:
    """A column by its heading. `identifier` is set for an element's values and for the reasons they are missing."""

    number: int
    heading: str
    role: Role
    identifier: str | None = None


@dataclass(frozen=True)
class Heading:
    """A row that may head a table, and how many of its cells name elements of each form."""

    row: int
    has_division: bool
    matches: Mapping[str, int]

    @property
    def weight(self) -> tuple[bool, int]:
        return self.has_division, max(self.matches.values(), default=0)


@dataclass(frozen=True)
class Headed:
    """A sheet with the row that heads its table; `others` are further rows that could head one."""

    sheet: str
    cells: pl.DataFrame
    heading: Heading
    others: tuple[int, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A table found and understood, row by row and column by column (both from 0)."""

    sheet: str
    head_row: int
    columns: tuple[Column, ...]
    division: int | None
    period: int | None
    values: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)

    def of(self, role: Role) -> list[Column]:
        return [column for column in self.columns if column.role == role]

    def repeated(self) -> list[Column]:
        """Columns that name an element which another column has named already."""
        firsts = {
            **{("element", i): n for i, n in self.values.items()},
            **{("reason", i): n for i, n in self.reasons.items()},
        }
        return [
            column
            for column in self.columns
            if column.identifier is not None and firsts[column.role, column.identifier] != column.number
        ]


def find_heading(name: str, cells: pl.DataFrame, forms: Sequence[KnownForm]) -> Headed | None:
    """The row with the most element names, and then the first; None for a sheet without any.

    A hidden row of identifiers above the Chinese headings has as many, and identifiers are never ambiguous.
    """
    found = []
    for row, texts in enumerate(cells.head(HEAD_ROWS).iter_rows()):
        headings = [text for text in texts if text]
        words = {plain(text) for text in headings}
        matches = Counter({form.code: _count(words, form) for form in forms})
        if any(matches.values()):
            has_division = any(not DIVISION.isdisjoint(spellings(text)) for text in headings)
            found.append(Heading(row, has_division, +matches))
    if not found:
        return None
    best = max(found, key=lambda heading: (heading.weight, -heading.row))
    rivals = tuple(h.row for h in found if h.row > best.row + 1 and h.weight >= best.weight and best.weight[1] > 1)
    return Headed(name, cells, best, rivals)


def _count(words: Iterable[str], form: KnownForm) -> int:
    return len({form.names[word] for word in words if word in form.names})


def fitting_forms(headed: Headed, forms: Sequence[KnownForm], period: Period | None) -> list[KnownForm]:
    """The forms that the headings fit best. Codes of another length, or a period of another kind, rule a form out."""
    matches = headed.heading.matches
    length = code_length(headed)
    possible = [
        form
        for form in forms
        if matches.get(form.code)
        and (length is None or form.code_length == length)
        and (period is None or form.period_type == period.type)
    ]
    best = max((matches[form.code] for form in possible), default=0)
    return [form for form in possible if matches[form.code] == best]


def code_length(headed: Headed) -> int | None:
    """How long most division codes below the heading are: 9 digits are townships, 12 villages."""
    texts = headed.cells.row(headed.heading.row)
    column = next((n for n, text in enumerate(texts) if text and not DIVISION.isdisjoint(spellings(text))), None)
    if column is None:
        return None
    codes = headed.cells.to_series(column).slice(headed.heading.row + 1).str.strip_chars()
    lengths = Counter(codes.filter(codes.str.contains(CODE)).str.len_chars().to_list())
    return lengths.most_common(1)[0][0] if lengths else None


def lay_out(headed: Headed, form: KnownForm) -> Layout:
    """What each column of the table is, when it is this form's."""
    columns = []
    for number, text in enumerate(headed.cells.row(headed.heading.row)):
        heading = (text or "").strip()
        if heading:
            columns.append(_column(number, heading, form))
    values: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for column in columns:
        if column.identifier is not None:
            (values if column.role == "element" else reasons).setdefault(column.identifier, column.number)
    return Layout(
        headed.sheet,
        headed.heading.row,
        tuple(columns),
        next((column.number for column in columns if column.role == "division"), None),
        next((column.number for column in columns if column.role == "period"), None),
        values,
        reasons,
    )


def _column(number: int, heading: str, form: KnownForm) -> Column:
    named = plain(heading)
    if named in form.names:
        return Column(number, heading, "element", form.names[named])
    for suffix in REASON_SUFFIXES:
        word = named.removesuffix(suffix)
        if word != named and word in form.names:
            return Column(number, heading, "reason", form.names[word])
    spelled = spellings(heading)
    roles: tuple[tuple[Role, frozenset[str]], ...] = (
        ("division", DIVISION),
        ("period", PERIOD),
        ("passed_over", PASSED_OVER),
    )
    for role, words in roles:
        if not words.isdisjoint(spelled):
            return Column(number, heading, role)
    return Column(number, heading, "unknown")


def stated_periods(headed: Headed) -> list[Period]:
    """The periods that the cells above the table name; each once. A day is no period."""
    texts = (text for row in headed.cells.head(headed.heading.row).iter_rows() for text in row if text)
    found = (read_period(word) for text in texts for word in _PERIOD.findall(text))
    return list(dict.fromkeys(period for period in found if period is not None))


def read_period(text: str) -> Period | None:
    """A period as the contract spells it, or as Chinese forms do (2026年10月, 2026年第3季度, 2026年)."""
    word = text.strip().upper()[:LONGEST_PERIOD]
    for chinese, spelled in (("年第", "-Q"), ("季度", ""), ("年度", ""), ("年", "-"), ("月", "")):
        word = word.replace(chinese, spelled)
    year, _separator, rest = word.rstrip("-").partition("-")
    number = rest.zfill(2) if rest.isdecimal() else rest
    try:
        return Period.parse(f"{year}-{number}" if number else year)
    except PeriodFault:
        return None
