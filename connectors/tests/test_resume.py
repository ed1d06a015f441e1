"""A pull that was cut off goes on where it stopped, and ends with what the hub holds then (REL-R7)."""

from typing import Any

import httpx
import pytest
from hub_connectors.errors import CheckFailed, HubRefused, HubUnreachable

TUDI, QIMAPO = "433124102201", "433124103201"
COLUMN = "外出务工人数"


def cut_after(hub: Any, path: str, allowed: int) -> None:
    """Lets the first calls of a path through, then the line is dead."""
    left = [allowed]

    def fault(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith(path):
            if left[0] == 0:
                raise httpx.ReadError("cut", request=request)
            left[0] -= 1
        return None

    hub.fault = fault


def asked(hub: Any, path: str) -> list[str | None]:
    return [request.url.params.get("after") for request in hub.requests if request.url.path.endswith(path)]


@pytest.fixture
def one_a_page(department: Any) -> Any:
    department.hub.page_limit = 1
    return department


class TestValues:
    def test_goes_on_after_the_last_page(self, one_a_page: Any) -> None:
        cut_after(one_a_page.hub, "/data-values", 2)
        with pytest.raises(HubUnreachable):
            one_a_page.run()
        one_a_page.hub.fault = None
        one_a_page.hub.requests.clear()
        assert one_a_page.run().outcome.rows == 4
        assert asked(one_a_page.hub, "/data-values") == ["p2", "p3"]

    def test_brings_what_changed_on_the_pages_it_had(self, one_a_page: Any) -> None:
        cut_after(one_a_page.hub, "/data-values", 3)
        with pytest.raises(HubUnreachable):
            one_a_page.run()
        one_a_page.hub.fault = None
        one_a_page.hub.change("2026-10", TUDI, village_migrant_workers=77)
        one_a_page.run()
        assert one_a_page.table()[TUDI][COLUMN] == 77
        assert one_a_page.run(changes=True).outcome.changed == 0

    def test_pages_older_than_the_hubs_memory_are_pulled_anew(self, one_a_page: Any) -> None:
        cut_after(one_a_page.hub, "/data-values", 2)
        with pytest.raises(HubUnreachable):
            one_a_page.run()
        one_a_page.hub.fault = None
        one_a_page.hub.change("2026-10", TUDI, village_migrant_workers=77)
        one_a_page.hub.first_good_cursor = 1
        one_a_page.run()
        assert one_a_page.table()[TUDI][COLUMN] == 77

    def test_a_place_the_hub_cannot_read_is_begun_again(self, one_a_page: Any) -> None:
        cut_after(one_a_page.hub, "/data-values", 2)
        with pytest.raises(HubUnreachable):
            one_a_page.run()

        def refuse(request: httpx.Request) -> httpx.Response | None:
            if request.url.params.get("after") == "p2" and len(asked(one_a_page.hub, "/data-values")) == 1:
                return httpx.Response(422, json={"code": "validation_failed", "detail": "after"})
            return None

        one_a_page.hub.fault = refuse
        one_a_page.hub.requests.clear()
        assert one_a_page.run().outcome.rows == 4
        assert asked(one_a_page.hub, "/data-values") == ["p2", None, "p1", "p2", "p3"]

    def test_pages_of_another_question_are_of_no_use(self, one_a_page: Any) -> None:
        cut_after(one_a_page.hub, "/data-values", 2)
        with pytest.raises(HubUnreachable):
            one_a_page.run("2026-09")
        one_a_page.hub.fault = None
        one_a_page.hub.requests.clear()
        assert one_a_page.run("2026-10").outcome.rows == 4
        assert asked(one_a_page.hub, "/data-values")[0] is None

    def test_figures_that_were_refused_are_asked_for_anew(self, one_a_page: Any) -> None:
        one_a_page.hub.values["2026-10", TUDI]["village_migrant_workers"] = -1
        with pytest.raises(CheckFailed):
            one_a_page.run()
        one_a_page.hub.values["2026-10", TUDI]["village_migrant_workers"] = 5
        one_a_page.run()
        assert one_a_page.table()[TUDI][COLUMN] == 5


class TestChanges:
    def test_go_on_after_the_last_page(self, one_a_page: Any) -> None:
        one_a_page.run()
        for number in range(4):
            one_a_page.hub.change("2026-10", TUDI, village_migrant_workers=70 + number)
        cut_after(one_a_page.hub, "/changes", 2)
        with pytest.raises(HubUnreachable):
            one_a_page.run(changes=True)
        one_a_page.hub.fault = None
        one_a_page.hub.requests.clear()
        assert one_a_page.run(changes=True).outcome.changed == 1
        assert asked(one_a_page.hub, "/changes") == ["c2", "c3", "c4"]
        assert one_a_page.table()[TUDI][COLUMN] == 73


class TestGrants:
    def test_a_form_that_is_not_granted_is_left_out_and_told(self, department: Any) -> None:
        department.hub.granted.discard("village_risk_removed_persons")
        finished = department.run()
        assert [each["file"].rpartition("/")[2] for each in finished.outcome.files] == [
            "行政村防返贫监测与务工月报表_2026-10.xlsx"
        ]
        assert "《脱贫人口和监测对象务工就业月报》没有生成" in finished.remarks[0]
        assert "village_risk_removed_persons" in finished.remarks[0]
        assert "《脱贫人口和监测对象务工就业月报》" in department.store.list_runs(department.name)[0].message
        assert department.run(changes=True).outcome.mode == "changes"

    def test_once_granted_it_is_there(self, department: Any) -> None:
        department.hub.granted.discard("village_risk_removed_persons")
        department.run()
        department.hub.granted.add("village_risk_removed_persons")
        assert len(department.run().outcome.files) == 2
        assert department.table()[QIMAPO]["风险已消除人数"] == 23

    def test_the_main_form_must_be_granted(self, department: Any) -> None:
        department.hub.granted.discard("village_relieved_population")
        with pytest.raises(HubRefused, match="village_relieved_population"):
            department.run()
