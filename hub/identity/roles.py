"""Who may do what. Permissions are named here and nowhere else; a new role is one line."""

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """Grammar: `resource:verb`. The scope of a permission (whose township, which grant) is decided by the service."""

    ACCESS_GRANT_DECIDE = "access_grant:decide"
    ACCESS_GRANT_READ = "access_grant:read"
    ACCESS_GRANT_REQUEST = "access_grant:request"
    AUDIT_EVENT_READ = "audit_event:read"
    CALENDAR_MANAGE = "calendar:manage"
    CALENDAR_READ = "calendar:read"
    COLLECTION_EXCEPT = "collection:except"
    COLLECTION_OPEN = "collection:open"
    COLLECTION_READ = "collection:read"
    COLLECTION_REMIND = "collection:remind"
    DATA_ELEMENT_DECIDE = "data_element:decide"
    DATA_ELEMENT_READ = "data_element:read"
    DATA_ELEMENT_REGISTER = "data_element:register"
    DATA_VALUE_READ = "data_value:read"
    DATA_VALUE_FOLLOW = "data_value:follow"
    DIVISION_READ = "division:read"
    DIVISION_MANAGE = "division:manage"
    DRAFT_WRITE = "draft:write"
    FORM_PUBLISH = "form:publish"
    FORM_READ = "form:read"
    IDENTITY_MANAGE = "identity:manage"
    IMPORT_RUN = "import:run"
    PASSWORD_CHANGE_OWN = "password:change_own"  # noqa: S105 - the name of a permission
    RECEIPT_RECORD = "receipt:record"
    REMARK_READ = "remark:read"
    REMARK_WRITE = "remark:write"
    SUBMISSION_READ = "submission:read"
    SUBMISSION_RECORD = "submission:record"
    SUBMISSION_REVIEW = "submission:review"
    SUBMISSION_SIGN = "submission:sign"
    SUBMISSION_TAKE_BACK = "submission:take_back"
    TOWNSHIP_WORKFLOW_MANAGE = "township_workflow:manage"
    USAGE_READ = "usage:read"


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    REGISTRAR = "registrar"
    APPROVER = "approver"
    STEWARD = "steward"
    REQUESTER = "requester"
    REPORTER = "reporter"
    LEADER = "leader"
    INSPECTOR = "inspector"


_P = Permission

# What anybody signed in may do; the registry and the tree of divisions are no secret inside the county.
SIGNED_IN = frozenset({_P.CALENDAR_READ, _P.DATA_ELEMENT_READ, _P.DIVISION_READ, _P.FORM_READ, _P.PASSWORD_CHANGE_OWN})

# What an API client of a department may do, each time inside its grants.
CLIENT = frozenset(
    {
        _P.ACCESS_GRANT_READ,
        _P.ACCESS_GRANT_REQUEST,
        _P.CALENDAR_READ,
        _P.DATA_ELEMENT_READ,
        _P.DATA_VALUE_FOLLOW,
        _P.DATA_VALUE_READ,
        _P.DIVISION_READ,
        _P.FORM_READ,
        _P.RECEIPT_RECORD,
    }
)

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(
        {_P.IDENTITY_MANAGE, _P.CALENDAR_MANAGE, _P.DIVISION_MANAGE, _P.AUDIT_EVENT_READ, _P.IMPORT_RUN}
    ),
    Role.REGISTRAR: frozenset(
        {
            _P.DATA_ELEMENT_REGISTER,
            _P.DATA_ELEMENT_DECIDE,
            _P.FORM_PUBLISH,
            _P.COLLECTION_EXCEPT,
            _P.COLLECTION_OPEN,
            _P.COLLECTION_READ,
            _P.COLLECTION_REMIND,
            _P.IMPORT_RUN,
            _P.TOWNSHIP_WORKFLOW_MANAGE,
        }
    ),
    Role.APPROVER: frozenset(
        {
            _P.ACCESS_GRANT_DECIDE,
            _P.ACCESS_GRANT_READ,
            _P.COLLECTION_EXCEPT,
            _P.COLLECTION_READ,
            _P.COLLECTION_REMIND,
            _P.REMARK_READ,
            _P.REMARK_WRITE,
            _P.SUBMISSION_READ,
            _P.SUBMISSION_REVIEW,
            _P.SUBMISSION_TAKE_BACK,
            _P.USAGE_READ,
        }
    ),
    Role.STEWARD: frozenset({_P.DATA_ELEMENT_DECIDE, _P.ACCESS_GRANT_DECIDE, _P.ACCESS_GRANT_READ}),
    Role.REQUESTER: frozenset({_P.ACCESS_GRANT_REQUEST, _P.ACCESS_GRANT_READ, _P.DATA_VALUE_READ}),
    Role.REPORTER: frozenset(
        {
            _P.COLLECTION_READ,
            _P.DATA_VALUE_READ,
            _P.DRAFT_WRITE,
            _P.REMARK_READ,
            _P.REMARK_WRITE,
            _P.SUBMISSION_READ,
            _P.SUBMISSION_RECORD,
            _P.SUBMISSION_TAKE_BACK,
            _P.USAGE_READ,
        }
    ),
    # 签发人: signs what the clerk sent, types nothing.
    Role.LEADER: frozenset(
        {
            _P.COLLECTION_READ,
            _P.DATA_VALUE_READ,
            _P.REMARK_READ,
            _P.REMARK_WRITE,
            _P.SUBMISSION_READ,
            _P.SUBMISSION_SIGN,
            _P.TOWNSHIP_WORKFLOW_MANAGE,
            _P.USAGE_READ,
        }
    ),
    Role.INSPECTOR: frozenset(
        {_P.COLLECTION_READ, _P.REMARK_READ, _P.SUBMISSION_READ, _P.USAGE_READ, _P.AUDIT_EVENT_READ}
    ),
}

# What binds others: asked for with a second factor where the operator wants one (HUB_SECOND_FACTOR=required).
DECIDING = frozenset(
    {
        _P.ACCESS_GRANT_DECIDE,
        _P.CALENDAR_MANAGE,
        _P.COLLECTION_EXCEPT,
        _P.COLLECTION_OPEN,
        _P.DATA_ELEMENT_DECIDE,
        _P.DATA_ELEMENT_REGISTER,
        _P.DIVISION_MANAGE,
        _P.FORM_PUBLISH,
        _P.IDENTITY_MANAGE,
        _P.IMPORT_RUN,
        _P.SUBMISSION_REVIEW,
    }
)


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """What a signed-in person with these roles may do."""
    return SIGNED_IN.union(*(ROLE_PERMISSIONS[role] for role in roles))
