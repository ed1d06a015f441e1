"""The demo county: Huayuan with its real divisions, made through the same services as a real one.

All of it is one transaction: after a kill there is a whole demo county or none. Its past year is
told from the days on which it would have happened.
"""

import asyncio
import csv
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from hub import founding
from hub.audit.service import Actor
from hub.calendar import service as calendar
from hub.calendar.deadlines import WorkCalendar, standard_due
from hub.calendar.periods import Period
from hub.demo import registry as demo_registry
from hub.demo import year as demo_year
from hub.demo.accounts import DEPARTMENTS, STAFF, Account, Accounts, Client
from hub.demo.values import Figures
from hub.grants import service as grants
from hub.grants.schemas import AccessGrantCreate, GrantPeriods
from hub.identity import clients, people, secrets
from hub.identity.authentication import subject_of_person
from hub.identity.models import Person
from hub.identity.roles import Role
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.clock import CHINA
from hub.kit.db import Database
from hub.registry import readings
from hub.registry.files import RegistryFiles, read_folder
from hub.settings import Settings, share_folder

GRANTS = Path(__file__).parent / "grants.csv"
HISTORY_MONTHS = 12
OPEN_WORKING_DAYS = 5
# From the demo's first month on, so two years from today.
GRANTED_DAYS = 3 * 365
# Long before anything was captured: whoever tries the demo out may open any past month and see it served.
GRANTED_FROM = "2000-01"
ACTOR = Actor("system", "demo", "hub demo")


@dataclass(frozen=True)
class Cast:
    """Everybody of the demo, as callers of the services."""

    staff: dict[str, Subject]
    reporters: dict[str, Subject]


@dataclass(frozen=True)
class Materials:
    """What the demo is made from; no database is needed for it."""

    files: RegistryFiles
    figures: Figures

    @classmethod
    def gather(cls) -> "Materials":
        readings.load_dictionary()
        files = read_folder(share_folder("schemas"))
        return cls(files, Figures(files.elements))


async def load(
    database: Database, settings: Settings, *, say: Callable[[str], object], gathered: Future[Materials] | None = None
) -> Accounts | None:
    """Load the demo into an empty hub; the accounts, or None when the hub is somebody's own.

    `gathered`: by whoever had to wait for the database.
    """
    async with database.transaction() as session:
        if await people.has_anybody(session):
            return _held(settings, say)
    say("正在载入演示县（花垣县）……")
    # Before the transaction begins: it may not stand idle for long.
    password = secrets.new_password()
    materials, password_hash = await asyncio.gather(
        asyncio.to_thread(Materials.gather if gathered is None else gathered.result), secrets.hash_password(password)
    )
    async with database.transaction() as session:
        if not await people.comes_first(session):
            return _held(settings, say)  # another start was a moment quicker
        made = await _make(session, settings.county, materials, password_hash, say)
        accounts = made.accounts(password)
        accounts.save(settings.data_dir)
    return accounts


def _held(settings: Settings, say: Callable[[str], object]) -> Accounts | None:
    held = Accounts.load(settings.data_dir)
    if held is None:
        say("这里已有自己的县，未载入演示数据。")
    return held


@dataclass(frozen=True)
class _Made:
    persons: Sequence[Person]
    clients: Sequence[Client]

    def accounts(self, password: str) -> Accounts:
        return Accounts(
            tuple(Account(p.username, password, tuple(p.roles), p.organization.code) for p in self.persons),
            tuple(self.clients),
        )


async def _make(
    session: AsyncSession, county: str, materials: Materials, password_hash: str, say: Callable[[str], object]
) -> _Made:
    open_month = Period.containing(clock.today(), "month").previous()
    months = [open_month]
    for _month in range(HISTORY_MONTHS):
        months.insert(0, months[0].previous())
    with clock.travel(_morning(months[0].first_day)):
        await founding.settle(session, ACTOR, county, declared=materials.files.organizations)
        persons = await _make_people(session, county, password_hash)
        cast = _cast(persons)
        await demo_registry.register(session, ACTOR, cast.staff, materials.files)
        numbers = await _grant(session, cast.staff, county)
    await demo_year.report(session, cast.staff["authority"], cast.reporters, months[:-1], materials.figures, say)
    await _open(session, cast.staff["authority"], open_month)
    made = [await _make_client(session, department, numbers[department]) for department in DEPARTMENTS.values()]
    return _Made(persons, made)


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(9), CHINA)


async def _make_people(session: AsyncSession, county: str, password_hash: str) -> list[Person]:
    wanted = dict(STAFF)
    townships = await demo_year.townships(session, county)
    for name, role in (("township", Role.REPORTER), ("leader", Role.LEADER)):
        wanted |= {f"{name}-{code}": (founding.township_organization(code), (role,)) for code in townships}
    return [
        await people.create_person(
            session,
            ACTOR,
            username=username,
            display_name=username,
            organization=organization,
            roles=roles,
            password_hash=password_hash,
            must_change_password=False,
        )
        for username, (organization, roles) in wanted.items()
    ]


def _cast(persons: list[Person]) -> Cast:
    subjects = {person.username: subject_of_person(person) for person in persons}
    return Cast(
        {name: subject for name, subject in subjects.items() if name in STAFF},
        {s.organization.division: s for s in subjects.values() if s.organization.division and Role.REPORTER in s.roles},
    )


async def _grant(session: AsyncSession, staff: dict[str, Subject], county: str) -> dict[str, tuple[str, ...]]:
    """Each department asks for what its monthly form needs; whoever may decide agrees."""
    with GRANTS.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    numbers: dict[str, tuple[str, ...]] = {}
    for username, department in DEPARTMENTS.items():
        request = AccessGrantCreate(
            elements=[line["element"] for line in lines if line["department"] == department],
            divisions=[county],
            periods=GrantPeriods.model_validate({"from": GRANTED_FROM}),
            basis="《政务数据共享条例》第二十条",
            scenario=f"编制{staff[username].organization.name}月报",
            scope="全县各乡镇、各村",
            method="服务接口",
            valid_until=str(clock.today() + timedelta(days=GRANTED_DAYS)),
        )
        grant = await grants.request_grant(session, staff[username], request)
        await grants.decide(session, _decider(staff, grant.steward), grant.number, "approval")
        numbers[department] = (grant.number,)
    return numbers


def _decider(staff: dict[str, Subject], steward: str) -> Subject:
    by_organization = {staff[username].organization.code: staff[username] for username in ("authority", *DEPARTMENTS)}
    return by_organization[steward]


async def _open(session: AsyncSession, authority: Subject, month: Period) -> None:
    """Open the last complete month so that it is due in the future, whatever day the demo starts on."""
    work_calendar: WorkCalendar = await calendar.work_calendar(session)
    soonest = work_calendar.add_working_days(clock.today(), OPEN_WORKING_DAYS).day
    due_on = max(standard_due(month, work_calendar).day, soonest)
    await demo_year.open_month(session, authority, month, due_on=due_on)


async def _make_client(session: AsyncSession, department: str, numbers: tuple[str, ...]) -> Client:
    client, secret = await clients.create_client(
        session, ACTOR, client_id=department, name=f"{department} connector", organization=department
    )
    return Client(client.client_id, secret, department, numbers)
