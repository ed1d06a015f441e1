"""Every state × every action × everybody: what is possible happens, everything else is refused and changes nothing."""

from itertools import product
from typing import get_args

import pytest

from hub.capture.lifecycle import Action, CollectionState, can
from hub.kit.db import Database
from tests.capture.factories import rows
from tests.capture.workflow import CELLS, REASON, Town, create_town
from tests.people import People

# As it is written in docs/decisions: by hand, and not from the code.
POSSIBLE = {
    ("open", "save"), ("open", "submit"), ("open", "request_sign_off"),
    ("closed", "save"),
    ("submitted", "save"), ("submitted", "submit"), ("submitted", "request_sign_off"),
    ("returned", "save"), ("returned", "submit"), ("returned", "request_sign_off"),
    ("awaiting_sign_off", "sign"), ("awaiting_sign_off", "refuse_sign_off"), ("awaiting_sign_off", "take_back"),
    ("in_review", "take_back"), ("in_review", "approve"), ("in_review", "return"),
}  # fmt: skip


@pytest.mark.parametrize(("state", "action"), [*product(get_args(CollectionState), get_args(Action))])
@pytest.mark.parametrize("wants_review", [False, True])
def test_what_is_possible_is_written_down(state: CollectionState, action: Action, wants_review: bool) -> None:
    expected = (state, action) in POSSIBLE
    if state == "submitted" and action == "return":
        expected = not wants_review
    if state == "submitted" and action == "revoke":
        expected = wants_review
    assert can(action, state, wants_review=wants_review) is expected


REPORTER, LEADER, BOTH, AUTHORITY = "reporter_east", "leader_east", "clerk_who_signs", "registrar"
EVERYBODY = (
    REPORTER, LEADER, BOTH, AUTHORITY, "registrar_two",
    "reporter_west", "auditor", "administrator", "steward_civil_affairs", "client_civil_affairs",
)  # fmt: skip
NOUNS = {
    "sign-off-request": {}, "sign-off": {}, "sign-off-refusal": REASON, "approval": {},
    "return": {**REASON, "cells": CELLS}, "take-back": REASON,
}  # fmt: skip
STATES = ("open", "awaiting_sign_off", "in_review", "approved", "submitted", "returned")

# (state, noun, who) → the state after. What is not here is refused.
MOVES = {
    ("awaiting_sign_off", "sign-off", LEADER): "submitted",
    ("awaiting_sign_off", "sign-off", BOTH): "submitted",
    ("awaiting_sign_off", "sign-off-refusal", LEADER): "open",
    ("awaiting_sign_off", "sign-off-refusal", BOTH): "open",
    ("awaiting_sign_off", "take-back", REPORTER): "open",
    ("awaiting_sign_off", "take-back", BOTH): "open",
    ("in_review", "take-back", REPORTER): "open",
    ("in_review", "take-back", BOTH): "open",
    **{("in_review", "approval", who): "submitted" for who in (AUTHORITY, "registrar_two")},
    **{("in_review", "return", who): "returned" for who in (AUTHORITY, "registrar_two")},
    **{("submitted", "return", who): "returned" for who in (AUTHORITY, "registrar_two")},
    **{("approved", "take-back", who): "in_review" for who in (AUTHORITY, "registrar_two")},
}


async def brought(database: Database, people: People, state: str) -> Town:
    town = await create_town(database, people, review=state in {"in_review", "approved"})
    await town.bring(state)
    return town


@pytest.mark.parametrize(("state", "noun", "who"), [*MOVES])
async def test_what_is_possible_happens(database: Database, people: People, state: str, noun: str, who: str) -> None:
    town = await brought(database, people, state)
    answer = await town.post(who, noun, NOUNS[noun])
    assert answer.status_code in {200, 201}, answer.text
    assert await town.state() == MOVES[state, noun, who]


@pytest.mark.parametrize("state", STATES)
async def test_everything_else_is_refused_and_changes_nothing(database: Database, people: People, state: str) -> None:
    town = await brought(database, people, state)
    before = await town.state()
    refused = 0
    for noun, who in product(NOUNS, EVERYBODY):
        if (state, noun, who) not in MOVES:
            answer = await town.post(who, noun, NOUNS[noun])
            told = f"{who} {noun} in {state}: {answer.status_code} {answer.text[:200]}"
            assert answer.status_code in {403, 404, 409}, told
            if who == "reporter_west" and noun in {"sign-off-request", "take-back"}:
                assert answer.status_code == 404, told
            refused += 1
    assert await town.state() == before
    assert refused == len(NOUNS) * len(EVERYBODY) - sum(one[0] == state for one in MOVES)


@pytest.mark.parametrize(
    ("state", "saving", "submitting"),
    [
        ("open", 200, 201),
        ("awaiting_sign_off", "collection_awaiting_sign_off", "collection_awaiting_sign_off"),
        ("in_review", "collection_in_review", "collection_in_review"),
        ("returned", "cells_locked", "nothing"),
        ("submitted", 200, 201),
        ("approved", 200, 201),
    ],
)
async def test_typing_and_submitting(
    database: Database, people: People, state: str, saving: int | str, submitting: int | str
) -> None:
    town = await brought(database, people, state)
    saved = await town.save(rows(workers=70))
    assert saving in {saved.status_code, saved.json().get("code")}, saved.text
    if submitting != "nothing":
        sent = await town.submit(reason="核实后更正")
        assert submitting in {sent.status_code, sent.json().get("code")}, sent.text
