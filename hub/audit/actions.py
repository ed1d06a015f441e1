"""What the audit log can tell of. Grammar: `resource.verb`; the list only grows."""

from enum import StrEnum


class AuditAction(StrEnum):
    """One name for each kind of event."""

    ACCESS_REFUSE = "access.refuse"
    ACCESS_GRANT_APPROVE = "access_grant.approve"
    ACCESS_GRANT_REFUSE = "access_grant.refuse"
    ACCESS_GRANT_REQUEST = "access_grant.request"
    ACCESS_GRANT_REVOKE = "access_grant.revoke"
    ACCESS_GRANT_SUSPEND = "access_grant.suspend"
    API_CLIENT_CREATE = "api_client.create"
    API_CLIENT_DISABLE = "api_client.disable"
    API_CLIENT_SECRET_CREATE = "api_client_secret.create"  # noqa: S105 - the name of an event
    API_CLIENT_SECRET_REVOKE = "api_client_secret.revoke"  # noqa: S105 - the name of an event
    CALENDAR_YEAR_IMPORT = "calendar_year.import"
    CHANGES_READ = "changes.read"
    CODE_LIST_REGISTER = "code_list.register"
    COLLECTION_OPEN = "collection.open"
    DATABASE_BACKUP = "database.backup"
    DATABASE_RESTORE = "database.restore"
    DATA_ELEMENT_CHANGE_STATUS = "data_element.change_status"
    DATA_ELEMENT_REGISTER = "data_element.register"
    DATA_ELEMENT_REVISE = "data_element.revise"
    DATA_VALUES_DELIVER = "data_values.deliver"
    DATA_VALUES_READ = "data_values.read"
    DIVISIONS_IMPORT = "divisions.import"
    DIVISION_SUCCEED = "division.succeed"
    DRAFT_SAVE = "draft.save"
    FORM_PUBLISH = "form.publish"
    IMPORT_CANCEL = "import.cancel"
    IMPORT_RECEIVE = "import.receive"
    IMPORT_STORE = "import.store"
    ORGANIZATION_CREATE = "organization.create"
    PASSWORD_CHANGE = "password.change"  # noqa: S105 - the name of an event
    PASSWORD_RESET = "password.reset"  # noqa: S105 - the name of an event
    PERSON_CREATE = "person.create"
    PERSON_DISABLE = "person.disable"
    RECEIPT_RECORD = "receipt.record"
    RULE_CHANGE_STATUS = "rule.change_status"
    SCHEMA_APPLY = "schema.apply"
    SESSION_OPEN = "session.open"
    SESSION_CLOSE = "session.close"
    SIGN_IN_REFUSE = "sign_in.refuse"
    SUBMISSION_RECORD = "submission.record"
    TOKEN_ISSUE = "token.issue"  # noqa: S105 - the name of an event
    TOKEN_REFUSE = "token.refuse"  # noqa: S105 - the name of an event
    USAGE_READ = "usage.read"
