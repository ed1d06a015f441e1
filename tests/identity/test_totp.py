from datetime import UTC, datetime, timedelta

import pytest

from hub.identity import totp
from hub.identity.errors import SealBroken
from hub.identity.sealing import SealingKey

# RFC 6238, appendix B, cut to six digits.
SECRET = b"12345678901234567890"
KNOWN = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
NOON = datetime(2026, 11, 22, 4, 0, 10, tzinfo=UTC)
STEP = int(NOON.timestamp()) // totp.STEP_SECONDS


class TestCodes:
    @pytest.mark.parametrize(("at", "code"), KNOWN)
    def test_are_those_of_the_standard(self, at: int, code: str) -> None:
        assert totp.code_at(SECRET, at // totp.STEP_SECONDS) == code

    @pytest.mark.parametrize(("drift", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_may_be_one_step_off(self, drift: int, taken: bool) -> None:
        code = totp.code_at(SECRET, STEP + drift)
        expected = STEP + drift if taken else None
        assert totp.matching_step(SECRET, code, NOON, last_step=None) == expected

    def test_are_taken_once_and_none_before_them_afterwards(self) -> None:
        code = totp.code_at(SECRET, STEP)
        assert totp.matching_step(SECRET, code, NOON, last_step=STEP - 1) == STEP
        assert totp.matching_step(SECRET, code, NOON, last_step=STEP) is None
        assert totp.matching_step(SECRET, totp.code_at(SECRET, STEP - 1), NOON, last_step=STEP) is None
        later = NOON + timedelta(seconds=30)
        assert totp.matching_step(SECRET, totp.code_at(SECRET, STEP + 1), later, last_step=STEP) == STEP + 1

    @pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34", "-12345", "1e1000"])
    def test_are_six_digits(self, typed: str) -> None:
        assert totp.matching_step(SECRET, typed, NOON, last_step=None) is None

    def test_may_be_typed_in_two_groups(self) -> None:
        code = totp.code_at(SECRET, STEP)
        assert totp.matching_step(SECRET, f" {code[:3]} {code[3:]} ", NOON, last_step=None) == STEP


class TestAddress:
    def test_is_what_authenticators_read(self) -> None:
        address = totp.address(SECRET, account="li.na", issuer="数据一次采集")
        assert address.startswith("otpauth://totp/%E6%95%B0")
        assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&" in address
        assert totp.as_text(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"


class TestSealing:
    def test_opens_for_its_owner_with_its_key(self) -> None:
        key = SealingKey(b"k" * 32)
        sealed = key.seal(SECRET, owner=b"one")
        assert SECRET not in sealed
        assert sealed != key.seal(SECRET, owner=b"one")
        assert key.open(sealed, owner=b"one") == SECRET

    @pytest.mark.parametrize("broken", ["owner", "key", "content", "kind"])
    def test_opens_for_nobody_else(self, broken: str) -> None:
        sealed = SealingKey(b"k" * 32).seal(SECRET, owner=b"one")
        key = SealingKey((b"x" if broken == "key" else b"k") * 32)
        if broken == "content":
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        if broken == "kind":
            sealed = b"\x02" + sealed[1:]
        with pytest.raises(SealBroken):
            key.open(sealed, owner=b"two" if broken == "owner" else b"one")
