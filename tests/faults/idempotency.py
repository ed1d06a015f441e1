"""REL-R5: `Idempotency-Key` as Stripe means it, played at random against a model that remembers every answer.

The whole application in this process, on a real database: clients file delivery receipts, each of which would
be one more without its key.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import httpx
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule, run_state_machine_as_test

from hub.app import create_app
from hub.audit import service as audit
from hub.kit.db import Database
from hub.kit.errors import ServiceUnavailable
from hub.kit.limits import Limits
from tests.faults.stand import Stand, new_chance

Result = TypeVar("Result")

STEPS_IN_ONE_PLAY = 50
AT_ONCE = 50
NUMBERS = st.integers(min_value=0, max_value=10**6)


@dataclass(frozen=True)
class Sent:
    key: str
    number: int
    status: int
    body: bytes


class Desk:
    """The application and its callers, on an event loop that outlives each step."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self._runner = asyncio.Runner()
        self.database = Database(stand.url, pool_size=10)
        app = create_app(self.database)
        app.state.limits = Limits(per_minute=0, reads_per_day=0, sign_ins_per_minute=0)
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/api/v1")
        self.steps = 0
        self.keys = 0

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(work)

    async def post(self, key: str | None, body: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.stand.program_token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self._client.post("/receipts", json=body, headers=headers)

    def file(self, key: str | None, number: int, **changes: Any) -> httpx.Response:
        body = {"grant": self.stand.grant, "period": "2026-01", "rows": number, "sha256": f"{number:064x}"}
        self.steps += 1
        return self.run(self.post(key, body | changes))

    def new_key(self) -> str:
        self.keys += 1
        return f"play-{self.keys}"

    def count(self) -> int:
        return int(self.stand.ask("SELECT count(*) FROM delivery_receipts")[0][0])

    def close(self) -> None:
        self.run(self._client.aclose())
        self.run(self.database.close())
        self._runner.close()


class Play(RuleBasedStateMachine):
    """Every rule is a thing that clients do, or that happens to them."""

    desk: ClassVar[Desk]
    kept = Bundle("kept")
    unused = Bundle("unused")

    def __init__(self) -> None:
        super().__init__()
        self.before = self.desk.count()
        self.written = 0

    @rule(target=kept, number=NUMBERS)
    def write(self, number: int) -> Sent:
        return self._succeed(self.desk.new_key(), number)

    @rule(sent=kept)
    def write_again(self, sent: Sent) -> None:
        answer = self.desk.file(sent.key, sent.number)
        assert (answer.status_code, answer.content) == (sent.status, sent.body)

    @rule(sent=kept, number=NUMBERS)
    def write_another_body(self, sent: Sent, number: int) -> None:
        if number != sent.number:
            answer = self.desk.file(sent.key, number)
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")

    @rule(target=unused, number=NUMBERS)
    def write_what_is_refused(self, number: int) -> str:
        key = self.desk.new_key()
        assert self.desk.file(key, number, period="2026-13").status_code == 422
        return key

    @rule(target=unused, number=NUMBERS)
    def fail_before_the_commit(self, number: int) -> str:
        """The write was made and its audit event cannot be: nothing of it may stay, the key neither."""
        key, record = self.desk.new_key(), audit.record

        async def fail(*_arguments: Any, **_named: Any) -> None:
            raise ServiceUnavailable("the log is full", retry_after=1)

        audit.record = fail
        try:
            assert self.desk.file(key, number).status_code == 503
        finally:
            audit.record = record
        return key

    @rule(target=kept, key=consumes(unused), number=NUMBERS)
    def mend_and_write_under_the_same_key(self, key: str, number: int) -> Sent:
        return self._succeed(key, number)

    @rule(target=kept, number=NUMBERS, times=st.integers(min_value=2, max_value=5))
    def write_at_once(self, number: int, times: int) -> Any:
        sent = write_together(self.desk, self.desk.new_key(), number, times)
        self.written += 1
        return multiple(sent)

    def teardown(self) -> None:
        assert self.desk.count() == self.before + self.written

    def _succeed(self, key: str, number: int) -> Sent:
        answer = self.desk.file(key, number)
        assert answer.status_code == 201, answer.text
        self.written += 1
        return Sent(key, number, answer.status_code, answer.content)


def write_together(desk: Desk, key: str | None, number: int, times: int) -> Sent:
    """Many tries of one write at once: one executes, all get its answer."""
    body = {"grant": desk.stand.grant, "period": "2026-01", "rows": number, "sha256": f"{number:064x}"}

    async def together() -> list[httpx.Response]:
        return await asyncio.gather(*(desk.post(key, body) for _time in range(times)))

    desk.steps += times
    answers = {(answer.status_code, answer.content) for answer in desk.run(together())}
    assert len(answers) == 1, answers
    ((status, content),) = answers
    assert status == 201, content
    return Sent(key or "", number, status, content)


def play(desk: Desk, steps: int) -> int:
    """At least this many steps; the number there were."""
    chance = new_chance("idempotency")
    began = desk.steps
    while desk.steps - began < steps:
        machine = seed(chance.randrange(2**32))(type("Play", (Play,), {"desk": desk}))
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=max(1, (steps - (desk.steps - began)) // STEPS_IN_ONE_PLAY),
                stateful_step_count=STEPS_IN_ONE_PLAY,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    return desk.steps - began
