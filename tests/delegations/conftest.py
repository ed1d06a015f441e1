from datetime import timedelta

import pytest

from hub.kit import clock
from hub.kit.db import Database
from tests.capture.workflow import Town, create_town
from tests.people import People


@pytest.fixture
async def town(database: Database, people: People) -> Town:
    """An open task of the eastern township, due in nine days."""
    return await create_town(database, people, due_on=clock.today() + timedelta(days=9))
