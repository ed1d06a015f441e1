from hub.kit.errors import Conflict, Gone, ServiceUnavailable


class ConcurrentWriting(Conflict):
    """Two writers brought the same row into being at the same moment; one of them may try again."""

    code = "concurrent_writing"


class AreaBusy(ServiceUnavailable):
    """Another submission of the same county holds the area's clock."""

    code = "area_busy"


class ClocksRanBack(Gone):
    """A reader stands ahead of the clocks: the database was restored to an earlier day."""

    code = "cursor_expired"
