"""What the hub's answers must look like (CONTRACT.md), read strictly and exactly.

Members we don't know are ignored, so that the hub may add some. Numbers are int or Decimal, never float.
"""

from decimal import Decimal
from typing import Annotated, TypeVar

import httpx
import simplejson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub_connectors.errors import HubAnswerInvalid, HubRefused

Value = bool | int | Decimal | str | None
DivisionCode = Annotated[str, Field(pattern=r"^\d{2}(\d{2}(\d{2}(\d{3}(\d{3})?)?)?)?$")]
PeriodCode = Annotated[str, Field(pattern=r"^\d{4}(-(S[12]|Q[1-4]|0[1-9]|1[0-2]))?$")]


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, arbitrary_types_allowed=True)


class Token(_Answer):
    access_token: str = Field(min_length=1)


class ValueItem(_Answer):
    division: DivisionCode
    period: PeriodCode
    entity: str | None = None
    values: dict[str, Value] = Field(default_factory=dict)
    missing: dict[str, str] = Field(default_factory=dict)
    versions: dict[str, int] = Field(default_factory=dict)
    revision: int | str | None = None
    submitted_at: str | None = None


class ChangeItem(ValueItem):
    object_class: str
    kind: str  # value, correction, withdrawal; others may come


class Division(_Answer):
    code: DivisionCode
    name: str = Field(min_length=1)
    level: str | int | None = None
    parent_code: str | None = None


class ValuePage(_Answer):
    items: list[ValueItem]
    next: str | None


class ChangePage(_Answer):
    items: list[ChangeItem]
    next: str | None


class DivisionPage(_Answer):
    items: list[Division]
    next: str | None


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
    try:
        return shape.model_validate(simplejson.loads(response.content, use_decimal=True, allow_nan=False))
    except ValidationError as error:
        places = "、".join(sorted({".".join(map(str, item["loc"])) for item in error.errors()})[:5])
        raise HubAnswerInvalid(f"枢纽对 {response.request.url.path} 的回答不符合约定（{places}）。") from error
    except ValueError as error:
        raise HubAnswerInvalid(f"枢纽对 {response.request.url.path} 的回答不是有效的 JSON。") from error


def refusal(response: httpx.Response) -> HubRefused:
    """A proxy in between may answer with a page of its own: then only the status is worth telling."""
    try:
        problem = parse(response, _Problem)
    except HubAnswerInvalid:
        return HubRefused(response.status_code, "unknown", response.reason_phrase or "没有说明")
    detail = problem.detail or problem.title or response.reason_phrase
    faults = [f"{fault.pointer} {fault.message}".strip() for fault in problem.errors]
    return HubRefused(response.status_code, problem.code, detail, faults)
