"""The serving process: the application on the database the settings name."""

import uvicorn
from fastapi import FastAPI

from hub.app import create_app
from hub.audit.service import Sealer
from hub.audit.tasks import sealing
from hub.exchange.tasks import forgetting_old_cursors
from hub.kit.db import Database
from hub.kit.idempotency import forgetting_old_keys
from hub.kit.installation import open_database, reviving
from hub.settings import Settings, settings

GRACEFUL_SECONDS = 10


def serving_app() -> FastAPI:
    """What each worker process runs: it keeps the database server up for as long as it lives."""
    opened = open_database(settings())
    address = opened.__enter__()  # closed by the application when it ends
    address.check_application_role()
    database = Database(address.application_url)
    sealer = Sealer(settings().data_dir)
    return create_app(
        database,
        jobs=(reviving(address), sealing(sealer), forgetting_old_keys(), forgetting_old_cursors()),
        on_close=lambda: opened.__exit__(None, None, None),
    )


def serve(chosen: Settings) -> None:
    """Serve until told to stop (SIGINT, SIGTERM); requests under way are finished first."""
    uvicorn.run(
        "hub.runtime:serving_app",
        factory=True,
        host=chosen.host,
        port=chosen.port,
        workers=chosen.workers,
        log_level=chosen.log_level,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
