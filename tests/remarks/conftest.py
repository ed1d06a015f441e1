import pytest

from hub.capture.models import Collection
from hub.kit.db import Database
from tests.capture.factories import create_collection, create_published_form
from tests.people import People


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)
