from hub.kit.errors import Conflict, HubError, Unprocessable


class BackupRefused(Conflict):
    """The backup cannot be made as asked; nothing was written."""

    code = "backup_refused"


class BackupNotWritten(HubError):
    """The disk is full, the folder is not there or may not be written; nothing is left under the name asked for."""

    code = "backup_not_written"


class BackupFileInvalid(Unprocessable):
    """The file is no backup, is not whole or is not as it was written."""

    code = "backup_file_not_valid"


class RestoreRefused(Conflict):
    """The backup is good and does not go into this database; nothing was changed."""

    code = "restore_refused"
