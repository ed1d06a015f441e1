"""The demo county reports months; its quarterly, half-yearly and yearly forms are as ready to be used."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from hub.app import create_app
from hub.calendar.periods import Period
from hub.demo import county
from hub.demo.accounts import Accounts, Client
from hub.demo.values import Figures
from hub.identity import people, tokens
from hub.kit.db import Database
from hub.settings import settings
from tests.registry.shipped_forms import form_spec, shipped_registry

TOWNSHIP = "433124102"
# The form, a period that is long over, and the element that tells each department's default read.
SLOW_FORMS = {
    "village-quarter": "2025-Q3",
    "village-half-year": "2025-S1",
    "village-year": "2024",
    "township-quarter": "2025-Q3",
    "township-year": "2024",
}
READ_BY = {
    ("human-resources", "2025-Q3"): "village_training_participants",
    ("human-resources", "2024"): "village_perennial_migrants",
    ("poverty-relief", "2025-S1"): "village_transferred_land_area",
    ("poverty-relief", "2024"): "village_relieved_net_income",
    ("civil-affairs", "2025-Q3"): "village_left_behind_children_at_quarter_end",
    ("civil-affairs", "2025-S1"): "village_left_behind_children_cross_county",
    ("civil-affairs", "2024"): "village_minimum_living_income_per_head",
}


@pytest.fixture
async def demo(database: Database, monkeypatch: pytest.MonkeyPatch) -> Accounts:
    """The demo county without its past year."""
    monkeypatch.setattr(county, "HISTORY_MONTHS", 0)
    accounts = await county.load(database, settings(), say=lambda _line: None)
    assert accounts is not None
    return accounts


async def as_person(database: Database, username: str) -> Mapping[str, str]:
    async with database.transaction() as session:
        person = await people.get_person(session, username)
        return {"Authorization": f"Bearer {await tokens.issue_person_token(session, person, county.ACTOR)}"}


async def as_program(hub: httpx.AsyncClient, client: Client) -> Mapping[str, str]:
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": client.client_secret}
    token = (await hub.post("/oauth/token", data=form)).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


async def report(hub: httpx.AsyncClient, clerk: Mapping[str, str], task: Mapping[str, Any], figures: Figures) -> None:
    """Type the demo's figures into a task and submit it; no warning wants a reason."""
    draft = f"/api/v1/collections/{task['id']}/draft"
    rows = (await hub.get(draft, headers=clerk)).json()["rows"]
    spec = form_spec(shipped_registry(), task["object_class"], Period.parse(task["period"]).type)
    asked = [element.identifier for element in spec.elements]
    typed = [
        {"division": row["division"], "values": figures.draw(row["division"], asked, Period.parse(task["period"]))}
        for row in rows
    ]
    body = {"rows": [{**row, "values": wire(row["values"])} for row in typed]}
    assert (await hub.put(draft, headers={**clerk, "If-Match": "*"}, json=body)).status_code == 200
    receipt = await hub.post(f"/api/v1/collections/{task['id']}/submission", headers=clerk, json={})
    assert receipt.status_code == 201, receipt.text


def wire(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int | bool | str) else float(value) for name, value in values.items()}


async def test_every_slow_form_is_reported_and_read_by_default(database: Database, demo: Accounts) -> None:
    figures = Figures()
    transport = httpx.ASGITransport(create_app(database))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as hub:
        authority, clerk = await as_person(database, "authority"), await as_person(database, f"township-{TOWNSHIP}")
        for form, period in SLOW_FORMS.items():
            opened = await hub.post("/api/v1/collections", headers=authority, json={"form": form, "period": period})
            assert opened.status_code == 201, opened.text
        for period in sorted(set(SLOW_FORMS.values())):
            tasks = (await hub.get("/api/v1/collections", headers=clerk, params={"period": period})).json()["items"]
            assert {task["form"] for task in tasks} == {form for form, of in SLOW_FORMS.items() if of == period}
            for task in tasks:
                await report(hub, clerk, task, figures)
        for (department, period), element in READ_BY.items():
            (client,) = [client for client in demo.clients if client.department == department]
            read = await hub.get(
                "/api/v1/data-values", headers=await as_program(hub, client), params={"period": period}
            )
            assert read.status_code == 200, read.text
            rows = read.json()["items"]
            assert {row["division"][:9] for row in rows} == {TOWNSHIP}
            assert all(row["values"][element] is not None for row in rows)


async def test_a_townships_leader_signs_where_the_township_wants_it(database: Database, demo: Accounts) -> None:
    """A clerk and a leader for each of the twelve; nothing waits for a signature until one of them asks for it."""
    by_role = {role: [one for one in demo.accounts if role in one.roles] for role in ("reporter", "leader")}
    assert [len(found) for found in by_role.values()] == [12, 12]
    transport = httpx.ASGITransport(create_app(database))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as hub:
        clerk, leader = [await as_person(database, f"{name}-{TOWNSHIP}") for name in ("township", "leader")]
        (task, *_others) = (await hub.get("/api/v1/collections", headers=clerk)).json()["items"]
        assert task["wants_sign_off"] is False
        workflow = f"/api/v1/townships/{TOWNSHIP}/workflow"
        assert (await hub.put(workflow, headers=leader, json={"wants_sign_off": True})).status_code == 200
        assert (await hub.get(f"/api/v1/collections/{task['id']}", headers=leader)).json()["wants_sign_off"] is True
