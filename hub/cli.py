"""The commands (CONTRACT.md). What a program reads goes to standard output, all else to standard error."""

import gc
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Annotated, TypeVar

import typer
import uvicorn
from pydantic import SecretStr

from hub import founding, upkeep, verifying
from hub.audit.service import Sealer
from hub.backup.backing_up import BackedUp, back_up
from hub.backup.data_folder import is_unsettled
from hub.backup.restoring import Restored, Target, finish_interrupted
from hub.backup.restoring import restore as restore_backup
from hub.commands import as_owner, failures_told, operator, say, with_database
from hub.identity import clients, people, secrets, tokens
from hub.identity.roles import Role
from hub.kit import logs
from hub.kit.companion import Companion
from hub.kit.db import Database
from hub.kit.i18n import gettext as _
from hub.kit.installation import DatabaseAddress, open_database
from hub.kit.loading import loading
from hub.kit.migration import draft
from hub.preparation import load_demo, prepared
from hub.registry import apply as registry_apply
from hub.registry import export as registry_export
from hub.registry.files import read_folder
from hub.settings import Settings, settings, share_figures, share_folder, share_processors

Result = TypeVar("Result")

APPLICATION = "hub.runtime:serving_app"
SHARING_LOOP = "hub.kit.accepting:SharingLoop"
GRACEFUL_SECONDS = 10
# uvicorn kills a worker that is silent for 5 s, which an old machine needs to load the program: it never started.
START_SECONDS = 120

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="collect-once hub: define a data element once, capture it once, serve it to every department.",
)
user_app = typer.Typer(no_args_is_help=True, help="People.")
client_app = typer.Typer(no_args_is_help=True, help="API clients of departments.")
schema_app = typer.Typer(no_args_is_help=True, help="The registry as files.")
audit_app = typer.Typer(no_args_is_help=True, help="The audit log.")
for name, sub in (
    ("user", user_app),
    ("client", client_app),
    ("schema", schema_app),
    ("audit", audit_app),
    ("calendar", upkeep.calendar_app),
    ("divisions", upkeep.divisions_app),
):
    app.add_typer(sub, name=name)
upkeep.add_client_commands(client_app)
verifying.add_commands(app)

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="the folder of registry files")]


def main(companion: Companion | None = None) -> None:
    """Run a command. `companion`: makes the database ready for `hub run`, begun before this module was loaded."""
    logs.configure("text", "info")
    signal.signal(signal.SIGTERM, _end)
    try:
        with failures_told():
            app(standalone_mode=True, obj=companion)
    except KeyboardInterrupt:
        sys.exit(0)


def _end(_signal: int, _frame: object) -> None:
    """A service manager's word: what was started is stopped, the private database server too."""
    sys.exit(0)


@app.command()
def run(context: typer.Context) -> None:
    """Migrate, load the demo county into an empty hub (HUB_DEMO=0: not), serve, and stop all of it on Ctrl-C."""
    chosen = settings()
    if chosen.workers == 1:
        # While the database is made ready, which is mostly waiting, the routes are loaded, which is computing.
        Thread(target=_load_application, daemon=True).start()
    companion: Companion | None = context.obj
    if companion is not None:
        _wait_for(companion)
    with prepared() if companion is None else nullcontext():
        say(f"http://{chosen.host}:{chosen.port}")
        _serve(chosen)


def _wait_for(companion: Companion) -> None:
    status = companion.wait()
    if status < 0:
        say(_("准备数据库的进程被系统终止（信号 {signal}），请重新启动。").format(signal=-status))
    if status != 0:
        sys.exit(max(status, 1))  # it has said why


def _load_application() -> None:
    """The routes, and the one walk over all that stands by then, which the server would make before it answers."""
    with loading():
        import_module(APPLICATION.partition(":")[0])
    gc.collect()
    gc.freeze()


@app.command()
def serve(
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="server processes; default: HUB_WORKERS")] = None,
) -> None:
    """Serve on a migrated database."""
    chosen = settings()
    _serve(chosen if workers is None else chosen.model_copy(update={"workers": workers}))


def _serve(chosen: Settings) -> None:
    """Serve until told to stop (SIGINT, SIGTERM); requests under way are finished first."""
    logs.configure(chosen.log_format, chosen.log_level)
    if is_unsettled(chosen.data_dir):
        with_database(lambda database: finish_interrupted(database, chosen.data_dir))
    with ExitStack() as stack:
        if chosen.workers > 1:
            share_processors(chosen.workers)
            share_figures(Path(stack.enter_context(TemporaryDirectory(prefix="hub-figures-"))))
        _run_server(chosen)


def _run_server(chosen: Settings) -> None:
    uvicorn.run(
        # By name: every worker process makes its own, and the other commands start without loading the routes.
        APPLICATION,
        factory=True,
        host=chosen.host,
        port=chosen.port,
        workers=chosen.workers,
        loop=SHARING_LOOP if chosen.workers > 1 else "auto",
        log_config=None,
        access_log=False,  # it writes query strings; ours stands in hub/kit/middleware.py
        proxy_headers=bool(chosen.trusted_proxies),
        forwarded_allow_ips=chosen.trusted_proxies,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_worker_healthcheck=START_SECONDS,
    )


@app.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    with open_database(settings()) as address:
        address.migrate()


@app.command()
def demo() -> None:
    """Load the demo county of Huayuan; what is there already stays as it is."""
    load_demo()


@app.command()
def init(
    administrator: Annotated[str, typer.Option(help="the first administrator's username")] = "administrator",
    divisions: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="divisions as csv; default: the shipped ones")
    ] = None,
) -> None:
    """First start without the demo: the county, its calendar, its organisations and the first administrator."""
    with open_database(settings()) as address:
        address.migrate()
        password = with_database(
            lambda database: founding.found(
                database, operator(), settings().county, administrator=administrator, divisions=divisions
            )
        )
    print(f"{administrator} {password}")


@app.command()
def token(username: str) -> None:
    """Print a short-lived bearer token for a person, and nothing else."""

    async def issue(database: Database) -> str:
        async with database.transaction() as session:
            person = await people.get_person(session, username)
            return await tokens.issue_person_token(session, person, operator())

    print(with_database(issue))


@app.command("settings")
def show_settings() -> None:
    """Print every setting, secrets masked."""
    chosen = settings()
    for field, information in Settings.model_fields.items():
        value = getattr(chosen, field)
        shown = "********" if isinstance(value, SecretStr) else value
        print(f"HUB_{field.upper()}={'' if shown is None else shown}\t# {information.description}")


@app.command(hidden=True)
def migration(message: str) -> None:
    """Draft the next migration from the models, for its author to read and mend."""
    with open_database(settings()) as address:
        address.migrate()
        draft(share_folder("migrations"), address.owner_url, address.application_role, message)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="the file to make; it holds secrets")]) -> None:
    """Back everything up into one file, beside a running server; prints the file's SHA-256."""

    async def back_up_all(_address: DatabaseAddress, owner: Database) -> BackedUp:
        return await back_up(owner, settings(), operator(), file)

    done = as_owner(back_up_all)
    say(done.for_people())
    print(f"{done.sha256}  {done.path}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a file that `hub backup` made")],
    replace: Annotated[bool, typer.Option(help="give up all that the database holds now")] = False,
) -> None:
    """Make the database what the file holds, all of it or nothing; stop the server first."""

    async def restore_all(address: DatabaseAddress, owner: Database) -> Restored:
        return await restore_backup(Target(owner, address.migrations, settings()), operator(), file, replace=replace)

    done = as_owner(restore_all)
    print(done.for_people())
    if done.verdict.broken is not None:
        sys.exit(1)


@user_app.command("create")
def create_user(
    username: str,
    organization: Annotated[str, typer.Option(help="the organisation's code")],
    role: Annotated[list[Role], typer.Option(help="may be given several times")],
    display_name: Annotated[str | None, typer.Option(help="default: the username")] = None,
) -> None:
    """Make a person and print the first password, once."""
    password = secrets.new_password()

    async def create(database: Database) -> None:
        password_hash = await secrets.hash_password(password)
        async with database.transaction() as session:
            await people.create_person(
                session,
                operator(),
                username=username,
                display_name=display_name or username,
                organization=organization,
                roles=role,
                password_hash=password_hash,
            )

    with_database(create)
    print(f"{username} {password}")


@user_app.command("reset-password")
def reset_user_password(username: str) -> None:
    """Give a person a new password, printed once; sessions and tokens end."""

    async def reset(database: Database) -> str:
        async with database.transaction() as session:
            return await people.reset_password(session, operator(), username)

    print(f"{username} {with_database(reset)}")


@user_app.command("disable")
def disable_user(username: str) -> None:
    """End a person's access at once."""

    async def disable(database: Database) -> None:
        async with database.transaction() as session:
            await people.disable_person(session, operator(), username)

    with_database(disable)


@client_app.command("create")
def create_api_client(
    department: Annotated[str, typer.Argument(help="the organisation's code, which is also the default id")],
    name: Annotated[str, typer.Argument(help="what people call the program")],
    client_id: Annotated[str | None, typer.Option(help="default: the department's code, numbered when taken")] = None,
    network: Annotated[list[str] | None, typer.Option(help="allowed from, e.g. 10.1.2.0/24")] = None,
) -> None:
    """Make an API client and print its id and secret, once."""

    async def create(database: Database) -> tuple[str, str]:
        async with database.transaction() as session:
            client, secret = await clients.create_client(
                session,
                operator(),
                client_id=client_id,
                name=name,
                organization=department,
                allowed_networks=network or (),
            )
            return client.client_id, secret

    print(*with_database(create))


@schema_app.command("plan")
def plan_schema(folder: Folder) -> None:
    """Show what the files would change; nothing is written."""

    async def plan(database: Database) -> str:
        async with database.transaction() as session:
            return (await registry_apply.plan_folder(session, folder)).for_people()

    print(with_database(plan))


@schema_app.command("apply")
def apply_schema(folder: Folder) -> None:
    """Register what the files change, at most as `recorded`; all of it or nothing."""

    async def apply(database: Database) -> str:
        async with database.transaction() as session:
            return (await registry_apply.apply_folder(session, operator(), folder)).for_people()

    print(with_database(apply))


@schema_app.command("export")
def export_schema(folder: Annotated[Path, typer.Argument(help="a new or empty folder")]) -> None:
    """Write the registry as files."""

    async def export(database: Database) -> Sequence[str]:
        async with database.transaction() as session:
            return (await registry_export.export_folder(session, folder)).left_out

    for left_out in with_database(export):
        say(left_out)


@schema_app.command("check")
def check_schema(folder: Folder) -> None:
    """Read the files alone and name every fault with its file and line."""
    files = read_folder(folder)
    print(f"{len(files.elements)} data elements, {len(files.rules)} rules")


@audit_app.command("verify")
def verify_audit() -> None:
    """Seal what is pending, check the chain and name the first broken row; status 1 when it does not hold."""

    async def verify(database: Database) -> bool:
        sealer = Sealer(settings().data_dir)
        await sealer.seal(database)
        async with database.transaction() as session:
            verdict = await sealer.verify(session)
        print(verdict.for_people())
        return verdict.broken is None

    if not with_database(verify):
        sys.exit(1)
