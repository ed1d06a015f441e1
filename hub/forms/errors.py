from hub.kit.errors import Conflict, NotFound, Unprocessable


class FormNotFound(NotFound):
    code = "form_not_found"


class FormUnchanged(Conflict):
    """Publishing would freeze the same form again."""

    code = "form_unchanged"


class FormEmpty(Conflict):
    """Nothing qualified stands on the form."""

    code = "form_empty"


class FormNotJudgeable(Unprocessable):
    """A rule or a derivation cannot be computed over the elements of the form."""

    code = "form_not_judgeable"
