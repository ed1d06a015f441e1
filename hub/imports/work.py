"""An import from its file to its records, a step at a time; whatever stops it, it can be begun again.

Nothing but a county's own transaction makes it stored, and that transaction writes down that it is: so a job that
is done again reads and checks the file once more and passes over what is stored.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any, cast
from uuid import UUID

from psycopg.errors import DiskFull
from sqlalchemy.exc import DBAPIError

from hub.calendar.periods import Period
from hub.capture import bulk as tasks
from hub.capture.errors import TaskMoved
from hub.identity import people
from hub.identity.authentication import subject_of_person
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.imports import repository, storing
from hub.imports.checked import Checked, check_all, finding_rows, open_ground
from hub.imports.errors import FileRefused
from hub.imports.files import file_of
from hub.imports.models import Import
from hub.imports.problems import FileProblem, listed
from hub.imports.recognition import Asked, forms_known, recognise
from hub.imports.states import OVER
from hub.kit import clock
from hub.kit.computing import one_ahead
from hub.kit.db import Database, set_scope
from hub.kit.disk import storage_full
from hub.kit.errors import HubError, ServiceUnavailable
from hub.kit.i18n import Language, use_language
from hub.kit.i18n import gettext as _
from hub.kit.uploads.limits import IMPORT_LIMITS
from hub.kit.uploads.reading import read_upload
from hub.store.bulk import RowCounts

logger = logging.getLogger(__name__)

# As often as a job is begun, whether its process was killed or its database went away.
ATTEMPTS = 10

Outcome = tuple[str, Sequence[FileProblem]]


async def work(database: Database, key: str) -> None:
    """The queue's task. Raises only what another try may mend."""
    given = await _begin(database, UUID(key))
    if given is None:
        return
    with use_language(cast(Language, given.language)):
        form = None
        try:
            state, problems = await _import(database, given)
        except FileRefused as refusal:
            state, problems, form = "refused", await _with_choices(database, given, refusal), refusal.form
        except TaskMoved as moved:
            state, problems = "failed", [FileProblem(moved.code, moved.detail)]
        except ServiceUnavailable:
            raise
        except HubError as refusal:
            state, problems = "refused", [FileProblem(refusal.code, refusal.detail)]
        except DBAPIError as error:
            if not isinstance(error.orig, DiskFull):
                raise
            full = storage_full()
            state, problems = "failed", [FileProblem(full.code, full.detail)]
        await _end(database, given, state, problems, form=form)


async def _with_choices(database: Database, given: Import, refusal: FileRefused) -> list[FileProblem]:
    """Which periods are open is what a caller wants to know who did not say which is meant."""
    wanting = [problem for problem in refusal.problems if problem.code == "period_unknown"]
    if not wanting or refusal.form is None:
        return list(refusal.problems)
    async with database.transaction() as session:
        opened = await tasks.list_periods_opened(session, refusal.form, given.reach)
    return [replace(problem, choices=listed(opened)) if problem in wanting else problem for problem in refusal.problems]


async def _begin(database: Database, import_id: UUID) -> Import | None:
    """The import, counted as begun once more; None when it is over."""
    async with database.transaction() as session:
        given = await repository.lock_import(session, import_id)
        if given is None or given.state in OVER:
            return None
        given.attempts += 1
        given.started_at = given.started_at or clock.now()
    if given.attempts <= ATTEMPTS:
        return given
    with use_language(cast(Language, given.language)):
        message = _("导入多次中断（服务或数据库不可用），已停止。已写入的县保持有效，可以再次提交继续。")
        await _end(database, given, "failed", [FileProblem("import_interrupted", message)])
    return None


async def _end(
    database: Database, given: Import, state: str, problems: Sequence[FileProblem], *, form: str | None = None
) -> None:
    """`form`: which one a file was seen to be that was refused all the same."""
    async with database.transaction() as session:
        held = await repository.lock_import(session, given.id)
        if held is not None and held.state not in OVER:
            held.form = form or held.form
            held.state = state
            held.problems = [problem.to_stored() for problem in problems]
            held.finished_at = clock.now()
    if state == "done" and not given.dry_run:
        file_of(given.id).unlink(missing_ok=True)


async def _import(database: Database, given: Import) -> Outcome:
    subject = await _subject(database, given)
    is_resumed = given.state == "storing"
    if not is_resumed:
        await _say(database, given, {"state": "reading"})
    upload = await read_upload(file_of(given.id), filename=given.filename, limits=IMPORT_LIMITS)
    asked = Asked(given.form, None if given.period is None else Period.parse(given.period))
    async with database.transaction() as session:
        forms = await forms_known(session)
    found = await asyncio.to_thread(recognise, upload, asked, forms)
    async with database.transaction() as session:
        found, ground = await open_ground(session, given.reach, found)
        stored = [area.area for area in await repository.list_areas(session, [given.id])]
    if not is_resumed:
        told = {"form": found.form.code, "form_version": found.form.version, "period": str(found.period)}
        await _say(database, given, {"state": "checking", "rows_total": len(found.table), **told})

    async def on_progress(rows: int) -> None:
        if not is_resumed:
            await _say(database, given, {"rows_checked": rows})

    checked = await check_all(database, subject, found, ground, passed_over=stored, on_progress=on_progress)
    return await _conclude(database, given, subject, checked, is_resumed=is_resumed)


async def _conclude(
    database: Database, given: Import, subject: Subject, checked: Checked, *, is_resumed: bool
) -> Outcome:
    if not is_resumed:
        counts = await storing.compare(database, checked.areas(given)) if given.dry_run else None
        await _tell(database, given, checked, counts)
    if given.dry_run:
        return "done", ()
    obstacle = await _obstacle(database, given, checked)
    if obstacle is not None:
        return "refused", [obstacle]
    await _say(database, given, {"state": "storing"})
    await _store(database, given, subject, checked)
    await _count_stored(database, given, checked.refused_rows)
    return "done", ()


async def _store(database: Database, given: Import, subject: Subject, checked: Checked) -> None:
    """Part by part; the next one is written out while the database takes this one."""
    drafts = checked.entries() if given.accept_partial else {}
    async with aclosing(one_ahead(partial(checked.area_rows, given=given), checked.parts)) as written:
        async for areas in written:
            await storing.store(database, given, subject.actor, areas, drafts)


async def _obstacle(database: Database, given: Import, checked: Checked) -> FileProblem | None:
    """What the caller must say before anything is stored."""
    if checked.has_errors and not given.accept_partial:
        message = _("有 {count} 行不合格，一行也没有写入；只写入合格的行请用 accept_partial。").format(
            count=checked.refused_rows
        )
        return FileProblem("rows_refused", message)
    if given.reason is None and any(township.is_submitted for township in checked.ground.townships.values()):
        corrected = await storing.correcting(database, checked.areas(given))
        if corrected:
            message = _("{count} 个乡镇已经提交，文件会更正它们的数据：请用 reason 写明原因。").format(
                count=len(corrected)
            )
            return FileProblem("reason_missing", message, listed(corrected))
    return None


async def _subject(database: Database, given: Import) -> Subject:
    """Who asked for it, with what they may do now: a job may run long after it was asked for."""
    async with database.transaction() as session:
        person = await people.get_person(session, given.requested_by)
    subject = subject_of_person(person)
    if person.disabled_at is not None or not subject.may(Permission.IMPORT_RUN):
        message = _("提出导入的账号已停用或不再有这项权限。")
        raise FileRefused(FileProblem("requester_not_permitted", message))
    return subject


async def _say(database: Database, given: Import, values: Mapping[str, Any]) -> None:
    """How far it is; a cancelled import stays cancelled."""
    async with database.transaction() as session:
        held = await repository.lock_import(session, given.id)
        if held is None or held.state in OVER:
            raise FileRefused
        for name, value in values.items():
            setattr(held, name, value)


async def _tell(database: Database, given: Import, checked: Checked, counts: RowCounts | None) -> None:
    """What the check found, all of it in one transaction."""
    async with database.transaction() as session:
        await set_scope(session, [given.reach])
        await repository.replace_findings(session, given.id, finding_rows(given, checked))
        held = await repository.lock_import(session, given.id)
        if held is not None:
            held.finding_counts = {f"{severity} {code}": n for (severity, code), n in checked.counts.items()}
            held.counts = {"refused": checked.refused_rows} | (
                {} if counts is None else {"new": counts.new, "changed": counts.changed, "same": counts.same}
            )


async def _count_stored(database: Database, given: Import, refused: int) -> None:
    async with database.transaction() as session:
        areas = await repository.list_areas(session, [given.id])
        total = {name: sum(area.counts[name] for area in areas) for name in ("new", "changed", "same")}
        held = await repository.lock_import(session, given.id)
        if held is not None:
            held.counts = {**total, "refused": held.counts.get("refused", refused)}
            held.rows_stored = total["new"] + total["changed"]
