"""One exact JSON reader and writer for the web, the database and the files.

Numbers are `Decimal` or `int`, at most 15 significant digits (what every reader, a spreadsheet
included, can hold without loss); NaN, infinity and NUL are refused. FastAPI's own reader takes NaN
and 1e400 and turns 1.10 into a float.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import simplejson
from pydantic import BaseModel
from starlette.responses import Response

from hub.kit.errors import BadRequest, ErrorItem, Unprocessable
from hub.kit.i18n import gettext as _

# simplejson's functions build a reader or writer for each call, which costs more than a small document.
_READER = simplejson.JSONDecoder(parse_float=Decimal)  # NaN and Infinity are refused unless asked for

MAXIMUM_DIGITS = 15
_TOO_LONG = 10**MAXIMUM_DIGITS
MAXIMUM_DEPTH = 32
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(text: str | bytes) -> Any:
    """Read trusted JSON (our own database's) exactly."""
    return _READER.decode(text.decode("utf-8") if isinstance(text, bytes) else text)


def parse(body: bytes) -> Any:
    """Read a caller's JSON.

    Raises `BadRequest` when it is no JSON and `Unprocessable`, with every place, when it holds a
    number or a character that cannot be kept exactly.
    """
    try:
        value = _READER.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MalformedJson(
            _("请求正文不是 UTF-8 编码的 JSON（第 {position} 字节）。").format(position=error.start)
        ) from error
    except simplejson.JSONDecodeError as error:
        detail = _("请求正文不是合法的 JSON：第 {line} 行第 {column} 列附近。").format(
            line=error.lineno, column=error.colno
        )
        raise MalformedJson(detail) from error
    except (RecursionError, ValueError) as error:
        # A number of more than 4,300 digits raises a bare ValueError (CVE-2020-10735).
        raise MalformedJson(_("请求正文嵌套过深或数字过长。")) from error
    faults = list(_faults(value, "", 0))
    if faults:
        raise Unprocessable(_("请求正文中有无法精确保存的内容。"), errors=faults)
    return value


class MalformedJson(BadRequest):
    code = "malformed_json"


def _faults(value: Any, pointer: str, depth: int) -> list[ErrorItem]:
    if depth > MAXIMUM_DEPTH:
        return [ErrorItem(pointer, "too_deep", _("嵌套层数过多。"))]
    if isinstance(value, dict):
        faults = []
        for key, item in value.items():
            faults += _text_faults(key, pointer)
            if not _is_plain(item):
                faults += _faults(item, f"{pointer}/{escape_pointer(key)}", depth + 1)
        return faults
    if isinstance(value, list):
        return [f for index, item in enumerate(value) for f in _faults(item, f"{pointer}/{index}", depth + 1)]
    if isinstance(value, str):
        return _text_faults(value, pointer)
    if isinstance(value, Decimal | int) and not isinstance(value, bool) and not is_exact(value):
        return [ErrorItem(pointer, "number_too_long", _("数字最多 15 位有效数字。"))]
    return []


def _is_plain(item: Any) -> bool:
    """Most of what is sent; asked first, because a form has more than a thousand of them."""
    return item is None or item is True or item is False or (type(item) is int and -_TOO_LONG < item < _TOO_LONG)


def _text_faults(text: str, pointer: str) -> list[ErrorItem]:
    if "\x00" in text or (not text.isascii() and _LONE_SURROGATE.search(text)):
        return [ErrorItem(pointer, "character_not_allowed", _("文字中含有空字符或不完整的字符。"))]
    return []


def is_exact(number: Decimal | int) -> bool:
    """True when the number has at most 15 significant digits and no wild exponent."""
    decimal = Decimal(number)
    _sign, digits, exponent = decimal.as_tuple()
    if isinstance(exponent, int) and -MAXIMUM_DIGITS <= exponent <= 0 and len(digits) <= MAXIMUM_DIGITS:
        return True
    return (
        decimal.is_finite()
        and len(decimal.normalize().as_tuple().digits) <= MAXIMUM_DIGITS
        and (-MAXIMUM_DIGITS <= decimal.adjusted() < MAXIMUM_DIGITS or not decimal)
    )


def escape_pointer(token: str) -> str:
    """One reference token of a JSON pointer (RFC 6901 §3)."""
    return token.replace("~", "~0").replace("/", "~1")


def _encode(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    msg = f"no JSON form for {type(value).__name__}"
    raise TypeError(msg)


def format_instant(value: datetime) -> str:
    """RFC 3339 in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _writer(*, sort_keys: bool) -> simplejson.JSONEncoder:
    return simplejson.JSONEncoder(
        use_decimal=True,
        allow_nan=False,
        ensure_ascii=False,
        separators=(",", ":"),
        default=_encode,
        namedtuple_as_object=False,
        sort_keys=sort_keys,
    )


_PLAIN = _writer(sort_keys=False)
_CANONICAL = _writer(sort_keys=True)


def dumps(value: Any) -> str:
    """Write JSON exactly; models, dates, ids and enums have one form each."""
    return _PLAIN.encode(value)


@dataclass(frozen=True)
class Written:
    """A document that is JSON text already: what is stored in several places is written out once."""

    text: str


def for_database(value: Any) -> str:
    """What SQLAlchemy's JSON columns are written with."""
    return value.text if isinstance(value, Written) else dumps(value)


def canonical(value: Any) -> str:
    """The one spelling of a document for hashing: keys sorted at every depth, no blanks, numbers exact.

    RFC 8785 writes numbers as IEEE doubles and could not carry ours.
    """
    return _CANONICAL.encode(value)


class JSONResponse(Response):
    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return dumps(content).encode("utf-8")
