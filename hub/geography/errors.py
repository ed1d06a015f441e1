from collections.abc import Sequence

from hub.kit.errors import Conflict, ErrorItem, NotFound, Unprocessable
from hub.kit.i18n import gettext as _

# A file of the whole nation with one wrong column has 660,000 faults; nobody reads them all.
FAULTS_SHOWN = 1000


class DivisionNotFound(NotFound):
    code = "division_not_found"

    def __init__(self, code: str) -> None:
        super().__init__(_("没有行政区划“{code}”。").format(code=code[:20]))


class DivisionsFileInvalid(Unprocessable):
    """Nothing of the file was loaded."""

    code = "divisions_file_invalid"

    def __init__(self, faults: Sequence[ErrorItem]) -> None:
        super().__init__(
            _("区划文件有 {count} 处错误，没有导入任何内容。").format(count=len(faults)), errors=faults[:FAULTS_SHOWN]
        )


class SuccessionRefused(Unprocessable):
    """The successor or the day cannot be."""

    code = "succession_not_valid"


class DivisionClosed(Conflict):
    code = "division_closed"


class DivisionHasChildren(Conflict):
    code = "division_has_children"


class DivisionTaken(Conflict):
    code = "division_taken"
