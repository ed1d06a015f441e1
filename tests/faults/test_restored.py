"""REL-R9 and P02: backup beside a running server, the database dropped, restored; a reader's cursor across it."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults import restored
from tests.faults.restored import Before
from tests.faults.stand import Stand, new_stand

# A restore ends sign-ins, and the log tells of backups and restores.
MOVING = {"audit_events", "audit_heads", "change_cursors", "data_reads", "idempotency_keys", "access_tokens"}


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with new_stand(settings={"fsync": "off"}) as made:
        yield made


@pytest.fixture(scope="module")
def before(stand: Stand) -> Before:
    return asyncio.run(restored.back_up_and_go_on(stand, stand.folder.parent / "hub.zip"))


class TestRestored:
    """In order: elsewhere while the old database still stands, then in place of it."""

    def test_1_in_a_new_cluster(self, stand: Stand, before: Before) -> None:
        elsewhere = restored.restore_elsewhere(stand, stand.folder.parent / "elsewhere", before)
        with elsewhere.server:
            self.check(elsewhere, before)

    def test_2_after_the_database_was_dropped(self, stand: Stand, before: Before) -> None:
        restored.restore_where_it_was(stand, before)
        self.check(stand, before)

    def test_3_when_the_clock_is_back_where_it_was(self, stand: Stand, before: Before) -> None:
        restored.restore_where_it_was(stand, before)
        after = asyncio.run(restored.go_on(stand, before, asks_late=True))
        assert (after.old_cursor.status_code, after.missed) == (410, 0)

    def test_4_with_both_protections_off_the_same_reader_misses_rows(self, stand: Stand, before: Before) -> None:
        """The control: the cursor is good again, and nothing is told of what was written anew."""
        restored.restore_where_it_was(stand, before)
        restored.switch_protection_off(stand, before)
        after = asyncio.run(restored.go_on(stand, before, asks_late=True))
        assert after.old_cursor.status_code == 200
        assert after.missed > 0

    def check(self, stand: Stand, before: Before) -> None:
        counts = restored.count_rows(stand)
        assert {name: n for name, n in counts.items() if name not in MOVING} == {
            name: n for name, n in before.counts.items() if name not in MOVING
        }
        verified = restored.command(stand.folder, "audit", "verify")
        assert verified.returncode == 0, verified.stdout
        after = asyncio.run(restored.go_on(stand, before))
        assert after.old_token == 401
        assert (after.old_cursor.status_code, after.old_cursor.json()["code"]) == (410, "cursor_expired")
        assert after.is_full_pull_equal
        assert after.missed == 0
