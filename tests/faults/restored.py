"""REL-R9: after a restore an old cursor is answered 410, a full pull follows, and nothing is missed."""

import asyncio
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from hub.kit.postgres import DATABASE, PostgresServer
from tests.faults.stand import Stand, new_nursery
from tests.faults.work import Clerk, Sender, keep_writing
from tests.people import CLIENTS

HUB = Path(sys.executable).parent / "hub"
QUERY = {"elements": "income,workers", "period": "2026-01..2026-12"}
KEPT_WRITES, LOST_WRITES, NEW_WRITES = 3, 2, 2


@dataclass(frozen=True)
class Before:
    """What a department's program and the database held when the backup's hub was given up."""

    cursor: str
    cursor_row: str
    backup: Path
    counts: dict[str, int]


@dataclass(frozen=True)
class After:
    old_cursor: httpx.Response
    is_full_pull_equal: bool
    missed: int
    old_token: int


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `hub …` on a data folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return subprocess.run(
        [str(HUB), *arguments],
        env=environment | {"HUB_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def count_rows(stand: Stand) -> dict[str, int]:
    tables = stand.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return {table: stand.ask(f"SELECT count(*) FROM {table}")[0][0] for (table,) in tables}


async def back_up_and_go_on(stand: Stand, backup: Path) -> Before:
    """A backup beside the running server, and submissions after it, which the disaster takes."""
    async with new_nursery(stand) as nursery:
        await nursery.start()
        await _write(stand, nursery.url, stand.tasks[0].token, range(1, 1 + KEPT_WRITES))
        counts = await asyncio.to_thread(count_rows, stand)
        done = await asyncio.to_thread(command, stand.folder, "backup", str(backup))
        assert done.returncode == 0, done.stderr
        await _write(stand, nursery.url, stand.tasks[0].token, range(10, 10 + LOST_WRITES))
        async with _program(nursery.url, stand.program_token) as program:
            answer = await program.get("/data-values", params=QUERY)
            assert answer.status_code == 200, answer.text
    cursor = answer.headers["hub-cursor"]
    ((row,),) = await asyncio.to_thread(
        stand.ask, "SELECT to_jsonb(c)::text FROM change_cursors c WHERE id = %s", cursor
    )
    return Before(cursor, row, backup, counts)


def restore_where_it_was(stand: Stand, before: Before) -> None:
    """The database is gone; its server stands."""
    stand.server.drop_database(DATABASE)
    done = command(stand.folder, "restore", str(before.backup))
    assert done.returncode == 0, done.stderr


def restore_elsewhere(stand: Stand, folder: Path, before: Before) -> Stand:
    """A new cluster, whose transaction numbers begin anew. The caller stops its server."""
    done = command(folder, "restore", str(before.backup))
    assert done.returncode == 0, done.stderr
    return replace(stand, folder=folder, server=PostgresServer.start(folder))


def switch_protection_off(stand: Stand, before: Before) -> None:
    """The restored database claims to be the one that was lost, and knows its cursors."""
    with zipfile.ZipFile(before.backup) as archive:
        generation = json.loads(archive.read("manifest.json"))["generation"]
    with stand.as_superuser() as connection:
        connection.execute("UPDATE store_generation SET generation = %s", [generation])
        connection.execute(
            "INSERT INTO change_cursors SELECT * FROM jsonb_populate_record(null::change_cursors, %s)",
            [before.cursor_row],
        )


async def go_on(stand: Stand, before: Before, *, asks_late: bool = False) -> After:
    """What the program meets, and whether the new changes all come to it.

    `asks_late`: only when the county's clock stands where the cursor left it, which is the dangerous moment.
    """
    token = command(stand.folder, "token", "reporter_east").stdout.strip()
    async with new_nursery(replace(stand, tasks=(replace(stand.tasks[0], token=token),))) as nursery:
        await nursery.start()
        async with _program(nursery.url, stand.program_token) as revoked:
            old_token = (await revoked.get("/data-values", params=QUERY)).status_code
        async with _program(nursery.url, await _program_token(nursery.url)) as program:
            old_cursor = None if asks_late else await program.get("/changes", params={"after": before.cursor})
            pulled = await program.get("/data-values", params=QUERY)
            assert pulled.status_code == 200, pulled.text
            await _write(stand, nursery.url, token, range(20, 20 + NEW_WRITES))
            old_cursor = old_cursor or await program.get("/changes", params={"after": before.cursor})
            # A program that heeds 410 goes on from its full pull; one that was given 200 goes on from there.
            after = pulled.headers["hub-cursor"] if old_cursor.status_code == 410 else before.cursor
            changes = await program.get("/changes", params={"after": after})
    wanted = NEW_WRITES * len(stand.ask("SELECT FROM records"))
    return After(
        old_cursor=old_cursor,
        is_full_pull_equal=_states(pulled.json()["items"]) == _states_before(stand),
        missed=wanted - len(changes.json()["items"]),
        old_token=old_token,
    )


def _states(items: list[dict[str, Any]]) -> set[tuple[str, str, int, str]]:
    return {
        (item["period"], item["division"], item["revision"], f"{float(item['values']['income']):.2f}") for item in items
    }


def _states_before(stand: Stand) -> set[tuple[str, str, int, str]]:
    """The newest states that the backup held."""
    rows = stand.ask(
        "SELECT period, division, revision, (payload ->> 'income')::float FROM record_revisions WHERE revision = %s",
        KEPT_WRITES,
    )
    return {(period, division, revision, f"{income:.2f}") for period, division, revision, income in rows}


async def _write(stand: Stand, url: str, token: str, numbers: range) -> None:
    clerk = Clerk(stand.tasks[0], Sender(url, token, "clerk", first=numbers.start))
    await keep_writing(clerk, asyncio.Event(), at_most=len(numbers))


def _program(url: str, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30)


async def _program_token(url: str) -> str:
    """As a connector gets one: its secret outlives the restore, its tokens do not."""
    client_id = CLIENTS["client_poverty_relief"]
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(
            f"{url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client_id, f"secret-{client_id}"),
        )
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token
