from hub.kit.errors import Conflict, Forbidden, ServiceUnavailable, TooManyRequests, Unauthenticated, Unprocessable


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


class SealBroken(Conflict):
    """The data folder's key is not the one that sealed it: an operator restored one without the other."""

    code = "sealing_key_differs"


class SecondFactorRequired(Forbidden):
    """Whoever decides shows two factors where the operator wants it (GB/T 22239-2019, 8.1.4.1 d)."""

    code = "second_factor_required"


class SecondFactorRefused(Unprocessable):
    code = "second_factor_refused"


class SecondFactorStateConflict(Conflict):
    code = "second_factor_state_conflict"


class SecondFactorAsked(Unauthenticated):
    """The password held; the code is asked for on a page of its own."""

    code = "second_factor_asked"


class SignInStepExpired(Unauthenticated):
    """The first factor held too long ago, or in another browser."""

    code = "sign_in_step_expired"


class LastAdministrator(Conflict):
    """Nobody could let anybody in again."""

    code = "last_administrator"


class OrganizationClosed(Conflict):
    code = "organization_closed"


class OrganizationInUse(Conflict):
    """It still has people or programs that may sign in."""

    code = "organization_in_use"


class OpenIdRefused(Unauthenticated):
    """`reason` goes to the audit log; the person reads one sentence that says what to do."""

    code = "openid_refused"

    def __init__(self, detail: str, *, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


class OpenIdUnavailable(ServiceUnavailable):
    """The provider does not answer, or not as its standard says."""

    code = "openid_unavailable"
