from hub.kit.errors import Conflict, Forbidden, NotFound, Unprocessable


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


class CollectionSubmitted(Conflict):
    """What was typed was typed before a submission that the page did not know of; the newest number comes along."""

    code = "collection_submitted"


class CollectionAwaitsSignOff(Conflict):
    """The draft waits for the leader's signature and is not changed meanwhile."""

    code = "collection_awaiting_sign_off"


class CollectionInReview(Conflict):
    """The county is looking at it: it is neither changed nor submitted again meanwhile."""

    code = "collection_in_review"


class CellsLocked(Conflict):
    """After a return only the cells that came back are open; every other one that was touched is named."""

    code = "cells_locked"


class WrongState(Conflict):
    """This cannot be done in the state that the task is in, perhaps since a moment ago."""

    code = "collection_state"


class SubmissionMoved(Conflict):
    """What is decided on is not what stands there now."""

    code = "submission_superseded"


class SignOffRequired(Conflict):
    """The township has its leader sign before anything is submitted."""

    code = "sign_off_required"


class SignOffNotWanted(Conflict):
    """The township submits without a signature."""

    code = "sign_off_not_wanted"


class NobodySigns(Conflict):
    """A township without a leader could submit nothing any more."""

    code = "nobody_signs"


class OwnSignOff(Forbidden):
    """Nobody signs what they sent."""

    code = "own_sign_off"


class ReturnRefused(Unprocessable):
    """The return names cells that are not on the form, or has no reason."""

    code = "return_not_valid"


class LockExceptionRefused(Unprocessable):
    code = "lock_exception_not_valid"


class LockExceptionNotFound(NotFound):
    code = "lock_exception_not_found"


class ReminderRefused(Unprocessable):
    code = "reminder_not_valid"


class NobodyToRemind(Conflict):
    """All have submitted, or were asked today."""

    code = "nobody_to_remind"


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
