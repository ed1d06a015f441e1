"""Reference periods as CONTRACT.md writes them: `2026`, `2026-S2`, `2026-Q4`, `2026-11`."""

import re
from datetime import datetime, timedelta, timezone
from enum import StrEnum

CHINA = timezone(timedelta(hours=8))  # no summer time; a department's machine need not have a time-zone database


class PeriodType(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


# ASCII digits only: `\d` would let full-width ones through.
PATTERNS = {
    PeriodType.MONTH: r"[0-9]{4}-(0[1-9]|1[0-2])",
    PeriodType.QUARTER: r"[0-9]{4}-Q[1-4]",
    PeriodType.HALF_YEAR: r"[0-9]{4}-S[12]",
    PeriodType.YEAR: r"[0-9]{4}",
}
EXAMPLES = {
    PeriodType.MONTH: "月报 2026-11",
    PeriodType.QUARTER: "季报 2026-Q4",
    PeriodType.HALF_YEAR: "半年报 2026-S2",
    PeriodType.YEAR: "年报 2026",
}


def type_of(period: str) -> PeriodType | None:
    return next((kind for kind, pattern in PATTERNS.items() if re.fullmatch(pattern, period)), None)


def in_words(period: str) -> str:
    """As a form's reporting line says it."""
    year, _, part = period.partition("-")
    match part[:1]:
        case "":
            return f"{year} 年"
        case "Q":
            return f"{year} 年第{'一二三四'[int(part[1]) - 1]}季度"
        case "S":
            return f"{year} 年{'上下'[int(part[1]) - 1]}半年"
        case _:
            return f"{year} 年 {int(part)} 月"


def last_complete_month(now: datetime) -> str:
    """The month is over when it is over in China, wherever the clock of the machine stands."""
    first = now.astimezone(CHINA).date().replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"
