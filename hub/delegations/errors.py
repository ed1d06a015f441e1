from hub.kit.errors import Conflict, NotFound, Unprocessable


class DelegationNotFound(NotFound):
    """No such link of this task."""

    code = "delegation_not_found"


class DelegationRefused(Unprocessable):
    """No village of this task, or a label that is too long."""

    code = "delegation_not_valid"


class NothingToDelegate(Conflict):
    """Submitted, waiting for somebody's word, or locked."""

    code = "collection_not_open_to_villages"


class CellDecided(Conflict):
    """The cell, or what the village says of it, changed after the page was loaded."""

    code = "cell_changed_meanwhile"
