"""Commands of the year's round: a new year's calendar, new division codes, a program's secrets."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from hub.calendar import service as calendar
from hub.commands import operator, with_database
from hub.geography import service as geography
from hub.geography.service import DivisionsImported
from hub.identity import clients
from hub.kit.db import Database

calendar_app = typer.Typer(no_args_is_help=True, help="Working days.")
divisions_app = typer.Typer(no_args_is_help=True, help="The division tree.")

CsvFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="UTF-8 csv")]


@calendar_app.callback()
def _calendar() -> None:
    """Typer would take a group of one command for that command."""


@divisions_app.callback()
def _divisions() -> None:
    """Typer would take a group of one command for that command."""


@calendar_app.command("import")
def import_calendar_year(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="columns day, is_working, name")],
    source: Annotated[str, typer.Option(help="the announcement's name and number")],
) -> None:
    """Enter a year's announced holidays and worked weekends, in place of what was known of that year."""

    async def enter(database: Database) -> tuple[int, int]:
        async with database.transaction() as session:
            year, days = await calendar.import_file(session, operator(), file, source=source)
            return year.year, len(days)

    year, days = with_database(enter)
    typer.echo(f"{year} {days}")


@divisions_app.command("import")
def import_divisions(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="columns code, name, level, parent_code")],
    code_system: Annotated[str, typer.Option(help="whose list it is: NBS (statistics) or MCA (civil affairs)")],
    code_year: Annotated[int, typer.Option(help="the year of the list")],
) -> None:
    """Take over a list of divisions, all of it or nothing; what is held already keeps its place."""

    async def enter(database: Database) -> DivisionsImported:
        async with database.transaction() as session:
            return await geography.import_divisions(
                session, operator(), file, code_system=code_system, code_year=code_year
            )

    done = with_database(enter)
    typer.echo(f"rows {done.rows}, added {done.added}, renamed {done.renamed}")


def rotate_client_secret(client_id: str) -> None:
    """Print a second secret, once; both are good until `hub client revoke` ends the old one."""

    async def rotate(database: Database) -> str:
        async with database.transaction() as session:
            return await clients.create_secret(session, operator(), await clients.get_client(session, client_id))

    typer.echo(f"{client_id} {with_database(rotate)}")


def list_client_secrets(client_id: str) -> None:
    """Print the live secrets' ids and when they were made; the secrets themselves are kept nowhere."""

    async def list_them(database: Database) -> list[str]:
        async with database.transaction() as session:
            client = await clients.get_client(session, client_id)
            live = await clients.list_live_secrets(session, client)
            return [f"{secret.id} {secret.created_at.isoformat(timespec='seconds')}" for secret in live]

    for line in with_database(list_them):
        typer.echo(line)


def revoke_client_secret(client_id: str, secret_id: UUID) -> None:
    """End a secret and every token it obtained, at once."""

    async def revoke(database: Database) -> None:
        async with database.transaction() as session:
            client = await clients.get_client(session, client_id)
            await clients.revoke_secret(
                session, operator(), client, await clients.get_live_secret(session, client, secret_id)
            )

    with_database(revoke)


def disable_client(client_id: str) -> None:
    """End a program's access at once."""

    async def disable(database: Database) -> None:
        async with database.transaction() as session:
            await clients.disable_client(session, operator(), await clients.get_client(session, client_id))

    with_database(disable)


def add_client_commands(group: typer.Typer) -> None:
    """To `hub client`, whose other commands stand in the command line's own module."""
    group.command("rotate")(rotate_client_secret)
    group.command("secrets")(list_client_secrets)
    group.command("revoke")(revoke_client_secret)
    group.command("disable")(disable_client)
