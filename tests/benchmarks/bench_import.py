"""A province's workbook, read in its limited child, recognised, checked and stored, against calamine alone.

30,000 villages of a hundred counties, 60 elements. What a typical developer writes (ORM rows made one by one, a
pydantic model for each) is measured on a sample and extrapolated, and said so.
"""

import asyncio
import csv
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import UUID

import xlsxwriter
from pydantic import create_model
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture.models import Collection
from hub.forms import service as forms
from hub.geography.models import Division
from hub.imports import service as imports
from hub.imports.files import import_folder
from hub.imports.models import Import
from hub.imports.work import work
from hub.kit import clock
from hub.kit.db import Database, set_scope
from hub.kit.installation import open_database
from hub.kit.multipart import ReceivedForm
from hub.settings import Settings, settings
from hub.store.models import Record, RecordRevision
from tests.forms.factories import create_element, create_rule
from tests.people import People

PROVINCE = "43"
COUNTIES, TOWNSHIPS, VILLAGES, ELEMENTS, RULES = 100, 15, 20, 60, 60
LIMIT, SAMPLE = 3.0, 600
FORM, PERIODS = "village-month", ("2026-08", "2026-09", "2026-10")
NAMES = [f"element_{number}" for number in range(ELEMENTS)]
COUNTS = [name for number, name in enumerate(NAMES) if number % 6 != 5]


def _codes() -> Iterator[tuple[str, str | None, str]]:
    """Code, parent and level, parents first."""
    yield PROVINCE, None, "province"
    for prefecture in range(10):
        yield f"{PROVINCE}{20 + prefecture}", PROVINCE, "prefecture"
    for county in range(COUNTIES):
        code = f"{PROVINCE}{20 + county // 10}{10 + county % 10}"
        yield code, code[:4], "county"
        for township in range(TOWNSHIPS):
            yield f"{code}{100 + township}", code, "township"
            for village in range(VILLAGES):
                yield f"{code}{100 + township}{200 + village}", f"{code}{100 + township}", "village"


def _divisions() -> list[Division]:
    return [
        Division(
            code=code,
            name=code,
            level=level,
            parent_code=parent,
            lineage=[code[:length] for length in (2, 4, 6, 9, 12) if len(code) >= length],
            code_system="NBS",
            code_year=2023,
        )
        for code, parent, level in _codes()
    ]


async def _settle(database: Database) -> People:
    people = await People.settle(database)
    async with database.transaction() as session:
        held = set((await session.scalars(select(Division.code))).all())
        session.add_all([division for division in _divisions() if division.code not in held])
        people.organizations["data-authority"].division = PROVINCE
        await session.merge(people.organizations["data-authority"])
    async with database.transaction() as session:
        await _publish_form(session, people)
    async with database.transaction() as session:
        session.add_all(_tasks())
    return people


async def _publish_form(session: AsyncSession, people: People) -> None:
    """Five elements in six are counts, the others amounts; each rule joins some of them."""
    chosen = random.Random(1)  # noqa: S311 - repeatable data, no secret
    amount = {"datatype": "decimal", "minimum": 0, "decimals": 2}
    counted = {"datatype": "integer", "minimum": 0, "maximum": 20000}
    for number, name in enumerate(NAMES):
        domain = counted if name in COUNTS else amount
        await create_element(session, name, position=number, topic=f"{number // 10}", value_domain=domain)
    for number in range(RULES):
        one, two = chosen.sample(COUNTS, 2)
        expression = (f"{one} <= {two} + 20000", f"{one} <= previous({one}) + 20000")[number % 2]
        named = [one, two] if number % 2 == 0 else [one]
        await create_rule(session, f"rule_{number:03}", expression, element=one, elements=named)
    await forms.publish_version(session, people.subject("registrar"), FORM)


def _tasks() -> list[Collection]:
    townships = [code for code, _parent, level in _codes() if level == "township"]
    return [
        Collection(
            area=code[:6],
            form=FORM,
            form_version=1,
            object_class="village",
            period=period,
            township=code,
            opens_on=clock.today(),
            due_at=clock.now(),
        )
        for period in PERIODS
        for code in townships
    ]


def _lines() -> Iterator[list[str | float]]:
    chosen = random.Random(2)  # noqa: S311 - repeatable data, no secret
    for code, _parent, level in _codes():
        if level == "village":
            yield [code, *(chosen.randrange(1000) if n in COUNTS else chosen.randrange(10**5) / 100 for n in NAMES)]


def _write_xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, line in enumerate([["division", *NAMES], *_lines()]):
            sheet.write_row(number, 0, line)


def _write_csv(path: Path) -> None:
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([["区划代码", *NAMES], *_lines()])


@contextmanager
def _timed(told: Callable[[float], object]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    told(time.perf_counter() - start)


def _calamine(path: Path) -> float:
    """The better of two readings: what a program that only parses would take."""
    took: list[float] = []
    for _time in range(2):
        with _timed(took.append):
            CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return min(took)


def _received(file: Path, period: str) -> ReceivedForm:
    kept = import_folder() / f"{file.name}.part"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, kept)
    return ReceivedForm({"period": period, "dry_run": "false"}, kept, file.name, file.stat().st_size, b"")


async def _import(database: Database, people: People, file: Path, period: str) -> float:
    """As the endpoint and the queue do it, from the received file to the last commit."""
    received = _received(file, period)
    async with database.transaction() as session:
        status = await imports.receive(session, people.subject("registrar"), received)
    took: list[float] = []
    with _timed(took.append):
        await work(database, str(status.given.id))
    await _check_stored(database, status.given.id, period)
    return took[0]


async def _check_stored(database: Database, import_id: UUID, period: str) -> None:
    async with database.transaction() as session:
        done = await session.get_one(Import, import_id)
        assert done.state == "done", (done.state, done.problems, done.finding_counts)
        await set_scope(session, [PROVINCE])
        kept = await session.scalar(select(func.count()).select_from(Record).where(Record.period == period))
    assert kept == COUNTIES * TOWNSHIPS * VILLAGES, kept


async def _row_by_row(database: Database, file: Path) -> float:
    """A sample of the rows, each a pydantic model and two ORM objects, in one transaction; scaled up."""
    model = create_model("VillageRow", division=(str, ...), **dict.fromkeys(NAMES, (float, ...)))  # type: ignore[call-overload]
    sheet = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()[1 : SAMPLE + 1]
    took: list[float] = []
    numbers = count(1)
    with _timed(took.append):
        async with database.transaction() as session:
            await set_scope(session, [PROVINCE])
            for line in sheet:
                row = model(**dict(zip(("division", *NAMES), line, strict=True)))
                payload = row.model_dump(exclude={"division"})
                shared = {
                    "area": "000000",
                    "object_class": "village",
                    "period": "2025-01",
                    "division": row.division,
                    "entity": "",
                    "payload": payload,
                    "missing": {},
                    "versions": dict.fromkeys(NAMES, 1),
                    "revision": 1,
                    "seq": next(numbers),
                    "submission": "000000-0000000001",
                    "submitted_at": clock.now(),
                }
                deed = {"kind": "value", "changed": NAMES, "actor": "x", "door": "api"}
                session.add(RecordRevision(**shared, **deed))
                session.add(Record(**shared))
                await session.flush()
    return took[0] * COUNTIES * TOWNSHIPS * VILLAGES / SAMPLE


async def _measure(application_url: str, folder: Path) -> list[str]:
    database = Database(application_url)
    try:
        people = await _settle(database)
        xlsx, text = folder / "province.xlsx", folder / "province.csv"
        _write_xlsx(xlsx)
        _write_csv(text)
        alone = _calamine(xlsx)
        first = await _import(database, people, xlsx, PERIODS[0])
        second = await _import(database, people, xlsx, PERIODS[1])
        from_csv = await _import(database, people, text, PERIODS[2])
        plain = await _row_by_row(database, xlsx)
    finally:
        await database.close()
    return [
        f"calamine alone: {alone:6.2f} s",
        *(
            f"{name:34} {took:6.2f} s, {took / alone:5.2f} × calamine ({took / alone / LIMIT:4.2f} × the limit)"
            for name, took in (
                ("xlsx", first),
                ("xlsx, with a month to look back on", second),
                ("csv, GB18030", from_csv),
            )
        ),
        f"ORM + pydantic, row by row {plain:6.1f} s (from {SAMPLE} rows; no rules): {plain / first:4.1f} × the hub's",
    ]


def main(arguments: Sequence[str] = ()) -> None:
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    folder.chmod(0o711)  # PostgreSQL's own account must be able to pass
    os.environ |= {"HUB_DATA_DIR": str(folder / "data"), "HUB_COUNTY": PROVINCE}
    settings.cache_clear()
    try:
        with open_database(Settings(demo=False)) as address:
            address.migrate()
            lines = asyncio.run(_measure(address.application_url, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        settings.cache_clear()
    rows = COUNTIES * TOWNSHIPS * VILLAGES
    head = f"{rows} villages × {ELEMENTS} elements, {RULES} rules, {COUNTIES} counties, {os.cpu_count()} cores"
    sys.stdout.write("\n".join([head, *lines]) + "\n")


if __name__ == "__main__":
    main()
