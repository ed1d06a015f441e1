from datetime import timedelta

import pytest

from hub.identity import sign_in
from hub.identity.errors import SignInRefused, SignInThrottled
from hub.identity.throttle import WINDOW, Failures, wait_until
from hub.kit import clock
from hub.kit.db import Database
from tests.people import PASSWORD, People

BROWSER = sign_in.Browser("10.0.0.9", "test")


async def attempt(database: Database, username: str, password: str) -> sign_in.SignedIn:
    opened = await sign_in.sign_in(database, username=username, password=password, browser=BROWSER)
    assert isinstance(opened, sign_in.SignedIn)
    return opened


class TestSignIn:
    async def test_opens_a_session(self, database: Database, people: People) -> None:
        signed_in = await attempt(database, "reporter_east", PASSWORD)
        assert signed_in.subject.name == "reporter_east"
        assert signed_in.subject.csrf_token

    @pytest.mark.parametrize("username", ["reporter_east", "nobody"])
    async def test_one_sentence_for_every_cause(self, database: Database, people: People, username: str) -> None:
        with pytest.raises(SignInRefused) as refused:
            await attempt(database, username, "wrong")
        assert refused.value.detail == "用户名或密码不对。"

    async def test_guessing_is_slowed_down_even_with_the_right_password(
        self, database: Database, people: People
    ) -> None:
        for _ in range(5):
            with pytest.raises(SignInRefused):
                await attempt(database, "reporter_east", "wrong")
        with pytest.raises(SignInThrottled) as throttled:
            await attempt(database, "reporter_east", PASSWORD)
        assert int(throttled.value.headers["Retry-After"]) > 0
        with clock.travel(clock.now() + timedelta(minutes=16)):
            assert await attempt(database, "reporter_east", PASSWORD)


class TestWaitUntil:
    NOW = clock.now()

    @pytest.mark.parametrize(
        ("account", "address", "seconds"),
        [(0, 0, None), (4, 19, None), (5, 5, 15), (6, 6, 30), (9, 9, 240), (500, 500, 900), (1, 20, 15)],
    )
    def test_doubles_up_to_fifteen_minutes(self, account: int, address: int, seconds: int | None) -> None:
        until = wait_until(Failures(account, self.NOW), Failures(address, self.NOW))
        assert until == (None if seconds is None else self.NOW + min(timedelta(seconds=seconds), WINDOW))
