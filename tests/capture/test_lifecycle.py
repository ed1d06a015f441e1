from datetime import UTC, date, datetime

import pytest

from hub.capture.lifecycle import collection_state, is_late

# The last microsecond of 5 November in China.
CLOSES = datetime(2026, 11, 5, 15, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "closes_at", "is_submitted", "state"),
    [
        (datetime(2026, 10, 31, 15, 59, tzinfo=UTC), CLOSES, False, "closed"),
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), CLOSES, False, "open"),
        (CLOSES, CLOSES, False, "open"),
        (datetime(2026, 11, 5, 16, 0, tzinfo=UTC), CLOSES, False, "closed"),
        (datetime(2026, 11, 5, 16, 0, tzinfo=UTC), CLOSES, True, "submitted"),
        (datetime(2030, 1, 1, tzinfo=UTC), None, False, "open"),
    ],
)
def test_state(now: datetime, closes_at: datetime | None, is_submitted: bool, state: str) -> None:
    assert (
        collection_state(opens_on=date(2026, 11, 1), closes_at=closes_at, is_submitted=is_submitted, now=now) == state
    )


@pytest.mark.parametrize(
    ("first_submitted_at", "now", "late"),
    [
        (None, datetime(2026, 11, 5, tzinfo=UTC), False),
        (None, datetime(2026, 11, 6, tzinfo=UTC), True),
        (datetime(2026, 11, 5, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), False),
        (datetime(2026, 11, 6, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), True),
    ],
)
def test_late_is_told_by_the_first_submission(first_submitted_at: datetime | None, now: datetime, late: bool) -> None:
    assert is_late(due_at=CLOSES, first_submitted_at=first_submitted_at, now=now) is late
