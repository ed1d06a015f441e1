"""The serving process: the application on the database the settings name."""

import gc
import sys

from fastapi import FastAPI

from hub.app import create_app
from hub.audit.service import Sealer
from hub.audit.tasks import sealing, verifying
from hub.capture.tasks import reminding
from hub.exchange.tasks import forgetting_old_cursors
from hub.imports.tasks import IMPORTING, forgetting_old_files
from hub.kit import logs
from hub.kit.db import Database
from hub.kit.idempotency import forgetting_old_keys
from hub.kit.installation import open_database
from hub.kit.jobs import running_now
from hub.kit.limits import forgetting_old_windows
from hub.kit.loading import keep_what_stands
from hub.kit.reviving import reviving
from hub.registry.search_index import indexing_elements
from hub.settings import settings

SWITCH_SECONDS = 0.0005


def serving_app() -> FastAPI:
    """What each worker process runs: it keeps the database server up for as long as it lives."""
    logs.configure(settings().log_format, settings().log_level)  # each worker is a process of its own
    opened = open_database(settings())
    address = opened.__enter__()  # closed by the application when it ends
    address.check_application_role()
    database = Database(address.application_url)
    sealer = Sealer(settings().data_dir)
    jobs = (
        reviving(address),
        sealing(sealer),
        forgetting_old_keys(),
        forgetting_old_cursors(),
        forgetting_old_windows(),
        forgetting_old_files(),
        indexing_elements(),
        reminding(),
    )
    app = create_app(
        database,
        jobs=jobs,
        tasks=(IMPORTING, verifying(sealer), running_now(jobs)),
        on_close=lambda: opened.__exit__(None, None, None),
    )
    # What stands now stands until the end: walking all of it again, a full collection held every caller up for 0.15 s.
    gc.collect()
    keep_what_stands()
    # A check computes beside the event loop. With Python's 5 ms each turn of the loop could wait that long for it,
    # and a submission takes a dozen turns while it holds its county's clock.
    sys.setswitchinterval(SWITCH_SECONDS)
    return app
