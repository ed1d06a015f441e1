"""What the bulk door writes has every column of the township's own door."""

from dataclasses import fields

from hub.capture.bulk_repository import NewSubmission
from hub.capture.models import Submission


def test_a_submission_is_given_in_all_its_columns() -> None:
    given = {field.name for field in fields(NewSubmission)}
    assert given | {"content", "warnings"} == {column.name for column in Submission.__table__.columns}
