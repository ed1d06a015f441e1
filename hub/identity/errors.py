from hub.kit.errors import Conflict, Forbidden, TooManyRequests, Unauthenticated, Unprocessable


class SignInRefused(Unauthenticated):
    """One sentence for every cause, so that nobody learns which usernames exist."""

    code = "sign_in_refused"


class SignInThrottled(TooManyRequests):
    code = "sign_in_throttled"


class InvalidClient(Unauthenticated):
    """RFC 6749 §5.2 `invalid_client`."""

    code = "invalid_client"


class UnsupportedGrantType(Unprocessable):
    """RFC 6749 §5.2 answers 400."""

    status = 400
    code = "unsupported_grant_type"


class InvalidScope(Unprocessable):
    """RFC 6749 §5.2 answers 400."""

    status = 400
    code = "invalid_scope"


class InvalidTokenRequest(Unprocessable):
    """RFC 6749 §5.2 answers 400."""

    status = 400
    code = "invalid_request"


class CsrfRefused(Forbidden):
    code = "csrf_refused"


class PasswordChangeRequired(Forbidden):
    """A password that somebody else has seen opens nothing but the page to change it."""

    code = "password_change_required"


class PasswordNotAccepted(Unprocessable):
    code = "password_not_accepted"


class NameTaken(Conflict):
    code = "name_taken"


class TooManySecrets(Conflict):
    code = "two_secrets_already"
