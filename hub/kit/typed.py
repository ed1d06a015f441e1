"""What was typed into a page's form, read as the API reads a body: both doors say the same faults."""

from collections.abc import Mapping
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData

from hub.kit.problems import from_validation_error
from hub.kit.wire import WireInput

Input = TypeVar("Input", bound=WireInput)


def as_typed(form: FormData) -> dict[str, str]:
    """Every field exactly as it was typed, for giving back; the page's own token is nobody's typing."""
    return {name: _typed(value) for name, value in form.items() if isinstance(value, str) and name != "csrf_token"}


def texts(form: FormData) -> dict[str, str]:
    """Every field that was typed, without blanks around it."""
    return {name: value.strip() for name, value in as_typed(form).items()}


def text(form: FormData, name: str) -> str:
    """One field exactly as it was typed: a password may begin with a blank."""
    return as_typed(form).get(name, "")


def chosen(form: FormData, name: str) -> list[str]:
    return [_typed(value) for value in form.getlist(name) if isinstance(value, str)]


def _typed(value: str) -> str:
    """No keyboard types a NUL, and PostgreSQL has no text with one in it."""
    return value.replace("\x00", "")


def validated(model: type[Input], given: Mapping[str, Any]) -> Input:
    """Raises `Unprocessable` with every fault at once, each at its field; what is empty was not given."""
    try:
        return model.model_validate({name: value for name, value in given.items() if value not in ("", [])})
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise from_validation_error(RequestValidationError(faults)) from error
