"""What inputs on the wire are made of: nothing unknown, nothing converted in silence."""

import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class WireInput(BaseModel):
    """A body. JSON true is not a number, "5" is not 5, and a misspelt field is told of."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _read_date(value: object) -> object:
    """JSON has no dates: a strict model would refuse the text that stands for one. None is refused as no date."""
    if not isinstance(value, str):
        return value
    try:
        # fromisoformat would also take 20261122 and 2026-W47-7.
        return date.fromisoformat(value) if ISO_DATE.fullmatch(value) else None
    except ValueError:
        return None


WireDate = Annotated[date, BeforeValidator(_read_date)]
