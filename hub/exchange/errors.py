from hub.kit.errors import Gone, Unprocessable


class CursorExpired(Gone):
    """The grants changed, the database was restored, or nobody knows the cursor: pull in full, then go on."""

    code = "cursor_expired"


class ReceiptInvalid(Unprocessable):
    code = "receipt_not_valid"
