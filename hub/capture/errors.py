from hub.kit.errors import Conflict, NotFound, Unprocessable


class CollectionNotFound(NotFound):
    code = "collection_not_found"


class SubmissionNotFound(NotFound):
    code = "submission_not_found"


class CollectionRefused(Unprocessable):
    """The period cannot be opened like this."""

    code = "collection_not_valid"


class CollectionExists(Conflict):
    code = "collection_exists"


class CollectionNotOpen(Conflict):
    """The day on which first submissions are taken has not come."""

    code = "collection_not_open"


class CollectionClosed(Conflict):
    """First submissions are no longer taken."""

    code = "collection_closed"


class DraftTooLarge(Unprocessable):
    code = "draft_too_large"


class DraftNotValid(Unprocessable):
    """The findings come along; nothing was stored."""

    code = "draft_not_valid"


class ReasonRequired(Unprocessable):
    code = "reason_required"


class NothingChanged(Conflict):
    code = "nothing_changed"


class TaskMoved(Conflict):
    """A township submitted by itself between the check of its rows and their filing."""

    code = "collection_moved"


class WorkbookRefused(Unprocessable):
    """The workbook is not this task's, or its rows and columns were changed: every fault with its place."""

    code = "workbook_not_matching"
