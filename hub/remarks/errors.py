from hub.kit.errors import Conflict, NotFound, PayloadTooLarge, Unprocessable, UnsupportedMediaType


class CellNotFound(NotFound):
    """The form has no such element, or the task no such row."""

    code = "cell_not_found"


class RemarkRefused(Unprocessable):
    """Nothing was said, or too much."""

    code = "remark_not_valid"


class RemarksFull(Unprocessable):
    """A task takes so many remarks and files, and no more."""

    code = "remarks_full"


class AttachmentNotFound(NotFound):
    code = "attachment_not_found"


class AttachmentRefused(Unprocessable):
    """No file, an empty one, or one that is cut off."""

    code = "attachment_not_valid"


class AttachmentTooLarge(PayloadTooLarge):
    code = "attachment_too_large"


class AttachmentTypeRefused(UnsupportedMediaType):
    """It is no scan, or not the kind of scan that its name says."""

    code = "attachment_type_refused"


class FlagNotFound(NotFound):
    code = "flag_not_found"


class FlagExists(Conflict):
    """One open flag for a cell is enough."""

    code = "flag_exists"


class FlagCleared(Conflict):
    code = "flag_cleared"
