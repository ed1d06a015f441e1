"""The fault harnesses for as long as one likes: `python -m tests.faults NAME --rounds N`.

The seed is printed; HUB_FAULT_SEED plays the same dice again. Connectors have a command of their own:
`python -m tests.faults.connector_kills --kills N`.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable

from tests.faults import bad_network, database_killed, feed, held_transaction, idempotency, server_killed
from tests.faults.stand import new_stand

QUICK = {"fsync": "off"}


def kill_server(rounds: int) -> bool:
    with new_stand(settings=QUICK) as stand:
        outcome = asyncio.run(server_killed.kill_at_random(stand, rounds))
    print(outcome)
    return outcome.verdict.is_good


def kill_database(rounds: int) -> bool:
    with database_killed.reaping_orphans(), new_stand() as stand:
        outcome = asyncio.run(database_killed.crash_at_random(stand, rounds))
    print(outcome)
    return outcome.verdict.is_good


def cut_network(rounds: int) -> bool:
    with new_stand(settings=QUICK) as stand:
        outcome = asyncio.run(bad_network.cut_at_random(stand, rounds))
    print(outcome)
    return outcome.submissions.is_good and outcome.receipts.is_good and not outcome.different


def play_idempotency(rounds: int) -> bool:
    with new_stand(settings=QUICK) as stand:
        desk = idempotency.Desk(stand)
        print(f"{idempotency.play(desk, rounds)} steps, 0 deviations")
        desk.close()
    return True


def read_feed(rounds: int) -> bool:
    with new_stand(settings={**QUICK, "idle_in_transaction_session_timeout": "0"}) as stand:
        outcome = asyncio.run(feed.read_while_writing(stand, rounds))
    print(outcome)
    return not outcome.missed and not outcome.repeated and outcome.naive_missed > 0


def hold_transactions(rounds: int) -> bool:
    is_good = True
    for _round in range(rounds):
        with new_stand(settings=QUICK) as stand:
            outcome = asyncio.run(held_transaction.hold_the_clock(stand))
        print(outcome)
        is_good &= not outcome.missed and not outcome.repeated and outcome.is_submitted_at_last
    return is_good


# Name: the harness, and how many rounds a night has (kills, crashes, cuts, steps, rows, held transactions).
HARNESSES: dict[str, tuple[Callable[[int], bool], int]] = {
    "server-killed": (kill_server, 2000),
    "database-killed": (kill_database, 300),
    "bad-network": (cut_network, 20_000),
    "idempotency": (play_idempotency, 100_000),
    "feed": (read_feed, 1_000_000),
    "held-transaction": (hold_transactions, 10),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("name", choices=HARNESSES)
    parser.add_argument("--rounds", type=int, help="default: a night's")
    chosen = parser.parse_args()
    harness, night = HARNESSES[chosen.name]
    return 0 if harness(chosen.rounds or night) else 1


if __name__ == "__main__":
    sys.exit(main())
