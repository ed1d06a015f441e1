"""What can go wrong at the Excel door."""

from hub.kit.errors import Unprocessable


class WorkbookRefused(Unprocessable):
    """The workbook is not this task's, or its rows and columns were changed: every fault with its place."""

    code = "workbook_not_matching"
