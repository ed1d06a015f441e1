from typing import Any

import httpx
import pytest
from hub_connectors.errors import HubAnswerInvalid, HubRefused, HubUnreachable, ReceiptNotFiled

TUDI = "433124102201"


def answer(status: int, **headers: str) -> httpx.Response:
    body = {"title": "busy", "status": status, "detail": "枢纽繁忙，请稍后再试。", "code": "too_many_requests"}
    return httpx.Response(status, json=body, headers=headers)


class Once:
    """Breaks the first calls of a path, then lets them through."""

    def __init__(self, path: str, *breaks: httpx.Response | Exception) -> None:
        self.path = path
        self.breaks = list(breaks)

    def __call__(self, request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith(self.path) or not self.breaks:
            return None
        broken = self.breaks.pop(0)
        if isinstance(broken, Exception):
            raise broken
        return broken


class TestToken:
    def test_is_renewed_when_it_ends_mid_pull(self, department: Any) -> None:
        def end_on_second_page(request: httpx.Request) -> None:
            if request.url.params.get("after") == "p2" and department.hub.issued == 1:
                department.hub.tokens.clear()

        department.hub.fault = end_on_second_page
        assert department.run().outcome.rows == 4
        assert department.hub.issued == 2

    def test_is_renewed_only_once_for_a_call(self, department: Any) -> None:
        department.hub.fault = Once("/data-values", answer(401), answer(401))
        with pytest.raises(HubRefused) as refused:
            department.run()
        assert refused.value.status == 401
        assert department.hub.issued == 2


class TestPatience:
    def test_waits_grow_and_honour_retry_after(self, department: Any) -> None:
        department.hub.fault = Once(
            "/data-values", answer(503), answer(429, **{"Retry-After": "7"}), httpx.ConnectError("no"), answer(504)
        )
        assert department.run().outcome.rows == 4
        assert department.waits == [1, 7, 4, 8]

    def test_retry_after_may_be_a_date(self, department: Any) -> None:
        date = "Wed, 01 Jan 2020 00:00:00 GMT"
        department.hub.fault = Once("/data-values", answer(429, **{"Retry-After": date}))
        department.run()
        assert department.waits == [1]

    def test_is_bounded(self, department: Any) -> None:
        department.hub.fault = Once("/data-values", *(answer(503) for _ in range(9)))
        with pytest.raises(HubRefused) as refused:
            department.run()
        assert refused.value.status == 503
        assert department.waits == [1, 2, 4, 8]

    def test_does_not_wait_for_hours(self, department: Any) -> None:
        department.hub.fault = Once("/data-values", answer(429, **{"Retry-After": "7200"}))
        with pytest.raises(HubRefused) as refused:
            department.run()
        assert "7200" in refused.value.detail
        assert department.waits == []

    def test_a_hub_that_is_down_is_told_as_such(self, department: Any) -> None:
        department.hub.fault = Once("/oauth/token", *(httpx.ConnectError("refused") for _ in range(9)))
        with pytest.raises(HubUnreachable):
            department.run()

    @pytest.mark.parametrize("status", [400, 404, 500])
    def test_other_errors_are_not_retried(self, department: Any, status: int) -> None:
        department.hub.fault = Once("/data-values", answer(status))
        with pytest.raises(HubRefused):
            department.run()
        assert department.waits == []


class TestInterruption:
    @pytest.mark.parametrize("changes", [False, True])
    def test_a_cut_at_any_call_leaves_everything_as_it_was_and_the_next_run_resumes(
        self, department: Any, changes: bool
    ) -> None:
        department.run("2026-09")
        department.run("2026-10")
        for number in range(3):
            department.hub.change("2026-10", TUDI, village_migrant_workers=100 + number)
        before = department.everything()
        allowed = 0
        while True:
            department.hub.fault = Cut(allowed)
            try:
                department.run(changes=changes)
            except HubUnreachable:
                assert department.everything() == before
            except ReceiptNotFiled:
                assert department.table()[TUDI]["外出务工人数"] == 102
            else:
                break
            allowed += 1
        assert allowed >= 6
        department.hub.fault = None
        assert department.table()[TUDI]["外出务工人数"] == 102
        assert department.cell(TUDI, "外出务工人数") == 102
        assert len(department.hub.receipts) == 3 * 2

    def test_a_receipt_not_filed_fails_the_run_and_is_filed_by_the_next(self, department: Any) -> None:
        department.hub.fault = Once("/receipts", answer(422))
        with pytest.raises(ReceiptNotFiled):
            department.run()
        assert department.store.list_runs("poverty-relief")[0].state == "failed"
        assert department.run().outcome.changed == 0
        assert len(department.hub.receipts) == 2


class Cut:
    def __init__(self, allowed: int) -> None:
        self.allowed = allowed

    def __call__(self, request: httpx.Request) -> None:
        if self.allowed == 0:
            raise httpx.ReadError("connection reset", request=request)
        self.allowed -= 1


class TestStrangeAnswers:
    @pytest.mark.parametrize(
        "content",
        [
            b"<html>welcome</html>",
            b'{"items": []}',
            b'{"items": [{"division": "433124102200", "period": "2026-10", "values": {"x": NaN}}], "next": null}',
            b'{"items": [{"division": "433124102200", "period": "2026-10", "values": {"x": [1]}}], "next": null}',
            b'{"items": [{"division": "../etc", "period": "2026-10", "values": {}}], "next": null}',
            b'{"items": [{"division": "433124102200", "period": "2026-08", "values": {}}], "next": null}',
            b"\xff\xfe",
        ],
    )
    def test_are_refused_and_nothing_is_written(self, department: Any, content: bytes) -> None:
        headers = {"Hub-Cursor": "c0", "Hub-Grant": "G"}
        department.hub.fault = Once("/data-values", httpx.Response(200, content=content, headers=headers))
        with pytest.raises(HubAnswerInvalid):
            department.run()
        assert not department.folder.exists()

    def test_a_missing_cursor(self, department: Any) -> None:
        department.hub.fault = Once("/data-values", httpx.Response(200, json={"items": [], "next": None}))
        with pytest.raises(HubAnswerInvalid, match="Hub-Cursor"):
            department.run()

    def test_a_cursor_that_stands_still(self, department: Any) -> None:
        department.run()
        department.hub.change("2026-10", TUDI, village_migrant_workers=1)
        stuck = httpx.Response(200, json={"items": department.hub.log, "next": "c0"})
        department.hub.fault = Once("/changes", stuck)
        with pytest.raises(HubAnswerInvalid):
            department.run(changes=True)

    def test_a_redirect_is_not_followed(self, department: Any) -> None:
        department.hub.fault = Once("/data-values", httpx.Response(307, headers={"Location": "http://evil.test/"}))
        with pytest.raises(HubRefused):
            department.run()
        assert {request.url.host for request in department.hub.requests} == {"hub.test"}

    def test_a_gigantic_number(self, department: Any) -> None:
        department.hub.values["2026-10", TUDI]["village_migrant_workers"] = 10**30
        with pytest.raises(Exception, match="15"):
            department.run()
