"""Every expected failure: a status, a stable code and a sentence that says what to do (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class ErrorItem:
    """One fault of the content: where (a JSON pointer, RFC 6901), a stable code, a sentence."""

    pointer: str
    code: str
    message: str


class HubError(Exception):
    """An expected failure. `detail` is shown to the caller, so it never holds anybody's values."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[ErrorItem] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


class BadRequest(HubError):
    status = 400
    code = "bad_request"


class Unauthenticated(HubError):
    """Nobody knows this caller (RFC 9110 §11.6.1 asks for the challenge)."""

    status = 401
    code = "unauthenticated"

    def __init__(self, detail: str, *, code: str | None = None, extra: Mapping[str, Any] | None = None) -> None:
        challenge = 'Bearer realm="hub"' + (', error="invalid_token"' if code == "invalid_token" else "")
        super().__init__(detail, headers={"WWW-Authenticate": challenge}, extra=extra)
        if code is not None:
            self.code = code  # type: ignore[misc]  # one class, two codes: no credentials, or bad ones


class Forbidden(HubError):
    status = 403
    code = "forbidden"


class NotFound(HubError):
    """Not there, or outside the caller's scope: the two are deliberately told apart by nobody."""

    status = 404
    code = "not_found"


class MethodNotAllowed(HubError):
    status = 405
    code = "method_not_allowed"


class NotAcceptable(HubError):
    status = 406
    code = "not_acceptable"


class Conflict(HubError):
    status = 409
    code = "conflict"


class Gone(HubError):
    status = 410
    code = "gone"


class PreconditionFailed(HubError):
    status = 412
    code = "precondition_failed"


class PayloadTooLarge(HubError):
    status = 413
    code = "payload_too_large"


class UnsupportedMediaType(HubError):
    status = 415
    code = "unsupported_media_type"


class Unprocessable(HubError):
    status = 422
    code = "invalid_content"


class PreconditionRequired(HubError):
    status = 428
    code = "precondition_required"


class _Waiting(HubError):
    """A failure that passes: the answer says after how many seconds to try again."""

    def __init__(self, detail: str, *, retry_after: int, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, extra=extra)


class TooManyRequests(_Waiting):
    status = 429
    code = "too_many_requests"


class StorageFull(_Waiting):
    """There is no room to keep what was sent (RFC 4918 §11.5)."""

    status = 507
    code = "storage_full"


class ServiceUnavailable(_Waiting):
    status = 503
    code = "service_unavailable"
