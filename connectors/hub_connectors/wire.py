"""What the hub's answers must look like (CONTRACT.md), read strictly and exactly.

The answer is input from outside: its size, depth, numbers, names and texts are bounded here, once. Members we don't
know are ignored, so that the hub may add some. Numbers are int or Decimal, never float.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, TypeVar

import httpx
import simplejson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from hub_connectors.errors import HubAnswerInvalid, HubRefused

# Bounds far beyond what a national hub answers, and far below what a machine cannot hold.
MOST_BYTES = 64 * 1024 * 1024
MOST_DIGITS, MOST_EXPONENT = 40, 40
LONGEST_TEXT, LONGEST_TOLD, MOST_FAULTS = 2000, 500, 20

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _is_bounded(value: Decimal) -> Decimal:
    """Arithmetic on 1E+999999999 is how a number of twelve characters takes a machine's memory."""
    if not value.is_finite() or len(value.as_tuple().digits) > MOST_DIGITS or abs(value.adjusted()) > MOST_EXPONENT:
        raise ValueError("number out of bounds")
    return value


def _is_printable(text: str) -> str:
    if CONTROL.search(text):
        raise ValueError("control character")
    return text


# Digits are spelt out: `\d` in pydantic's patterns is any script's digit.
Number = Annotated[Decimal, AfterValidator(_is_bounded)]
Whole = Annotated[int, Field(ge=-(10**MOST_DIGITS), le=10**MOST_DIGITS)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_is_printable)]
Code = Annotated[str, Field(max_length=100, pattern=r"^[\x21-\x7e]*$")]
Cursor = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[\x21-\x7e]+$")]
Value = bool | Whole | Number | Text | None
DivisionCode = Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2}([0-9]{2}([0-9]{3}([0-9]{3})?)?)?)?$")]
PeriodCode = Annotated[str, Field(pattern=r"^[0-9]{4}(-(S[12]|Q[1-4]|0[1-9]|1[0-2]))?$")]


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, arbitrary_types_allowed=True)


class Token(_Answer):
    # It goes into a header: anything but visible ASCII would break the request apart.
    access_token: str = Field(min_length=1, max_length=4096, pattern=r"^[\x21-\x7e]+$")


class ValueItem(_Answer):
    division: DivisionCode
    period: PeriodCode
    entity: str | None = Field(default=None, max_length=200)
    values: dict[Code, Value] = Field(default_factory=dict)
    missing: dict[Code, Code] = Field(default_factory=dict)
    versions: dict[Code, int] = Field(default_factory=dict)
    revision: Whole | Code | None = None
    submitted_at: str | None = Field(default=None, max_length=32)


class ChangeItem(ValueItem):
    object_class: Code
    kind: Code  # value, correction, withdrawal; others may come


class Division(_Answer):
    code: DivisionCode
    name: Name
    level: str | int | None = None
    parent_code: DivisionCode | None = None


class ValuePage(_Answer):
    items: list[ValueItem]
    next: Cursor | None


class ChangePage(_Answer):
    items: list[ChangeItem]
    next: Cursor | None


class DivisionPage(_Answer):
    items: list[Division]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it is kept until the pull is whole: what it said, and where the next one begins."""

    items: tuple[ValueItem | ChangeItem, ...]
    next: str | None
    cursor: str
    grants: tuple[str, ...]


class _Fault(_Answer):
    pointer: str = ""
    message: str = ""


class _Problem(_Answer):
    code: str = "unknown"
    title: str = ""
    detail: str = ""
    errors: list[_Fault] = Field(default_factory=list)


A = TypeVar("A", bound=_Answer)


def parse(response: httpx.Response, shape: type[A]) -> A:
    path = response.request.url.path
    try:
        return shape.model_validate(simplejson.loads(response.content, use_decimal=True, allow_nan=False))
    except ValidationError as error:
        places = "、".join(sorted({plain(".".join(map(str, item["loc"]))) for item in error.errors()})[:5])
        raise HubAnswerInvalid(f"枢纽对 {path} 的回答不符合约定（{places}）。") from error
    except (ValueError, ArithmeticError) as error:
        raise HubAnswerInvalid(f"枢纽对 {path} 的回答不是有效的 JSON。") from error
    except RecursionError:
        raise HubAnswerInvalid(f"枢纽对 {path} 的回答嵌套过深。") from None


def refusal(response: httpx.Response) -> HubRefused:
    """A proxy in between may answer with a page of its own: then only the status is worth telling."""
    try:
        problem = parse(response, _Problem)
    except HubAnswerInvalid:
        return HubRefused(response.status_code, "unknown", plain(response.reason_phrase) or "没有说明")
    detail = plain(problem.detail or problem.title or response.reason_phrase)
    faults = [plain(f"{fault.pointer} {fault.message}".strip()) for fault in problem.errors[:MOST_FAULTS]]
    return HubRefused(response.status_code, plain(problem.code), detail, faults)


def plain(text: str) -> str:
    """Words from outside go to a terminal and into the log: no control sequences, and no flood."""
    told = CONTROL.sub(" ", text)
    return told if len(told) <= LONGEST_TOLD else f"{told[:LONGEST_TOLD]}…"
