"""One stream in a process of its own: how much memory it takes, beyond what an hour's small answers take.

python -m tests.exchange.streaming DATABASE_URL MEDIA_TYPE ELEMENTS GRANT
"""

import asyncio
import json
import resource
import sys
import uuid
from collections.abc import Sequence

from hub.exchange.media import OFFERED
from hub.exchange.plan import make_plan
from hub.exchange.questions import read_question
from hub.exchange.streams import ValueStream
from hub.identity.roles import CLIENT
from hub.identity.subject import OrganizationRef, Subject
from hub.kit.db import Database


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def stream(database: Database, arguments: Sequence[str], division: str | None) -> int:
    media_type, elements, grant = arguments
    organization = OrganizationRef(uuid.uuid4(), "poverty-relief", "", "department", None)
    subject = Subject("client", uuid.uuid4(), "bench", "", organization, frozenset(), CLIENT, (grant,))
    question = read_question(elements=elements, period="2026-10", division=division, as_of=None, object_class=None)
    async with database.snapshot() as session:
        plan = await make_plan(session, subject, question)
    chosen = next(offered for offered in OFFERED if offered == media_type)
    size = 0
    async for chunk in ValueStream(database, subject, plan, chosen).chunks():
        size += len(chunk)
    return size


async def measure(url: str, *arguments: str) -> None:
    database = Database(url, pool_size=2)
    await stream(database, arguments, "433124102200")  # imports and buffers that a server has anyway
    before = peak_megabytes()
    size = await stream(database, arguments, None)
    await database.close()
    print(json.dumps({"size": size, "grown": peak_megabytes() - before}))  # noqa: T201 - its answer


if __name__ == "__main__":
    asyncio.run(measure(*sys.argv[1:]))
