"""Why a file is not read: a code and the facts of its sentence, in words that fit through a pipe."""


class Refused(Exception):
    """`errors.py` makes the sentence: the child knows no languages."""

    def __init__(self, code: str, **facts: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
