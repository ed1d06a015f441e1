from hub.imports.problems import FileProblem
from hub.kit.errors import Conflict, ErrorItem, NotFound, Unprocessable


class ImportNotFound(NotFound):
    code = "import_not_found"


class ImportRequestInvalid(Unprocessable):
    """What was asked for along with the file makes no sense."""

    code = "import_not_valid"

    def __init__(self, detail: str, faults: list[ErrorItem]) -> None:
        super().__init__(detail, errors=faults)


class ImportStateConflict(Conflict):
    """Not now: it is being worked on, or it is over."""

    code = "import_state_conflict"


class FileRefused(Exception):
    """The file as a whole cannot be stored; every reason at once. `form`: which one it is, as far as that was told.

    Never leaves this room.
    """

    def __init__(self, *problems: FileProblem, form: str | None = None) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems
        self.form = form
