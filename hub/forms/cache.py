"""Published forms, kept ready in this process: their rules are compiled once, not for every township."""

from collections import OrderedDict

from hub.forms.content import FormContent

Key = tuple[str, int, bytes]


class PublishedForms:
    """The forms used last, by code, version and content hash.

    What is published never changes, so nothing is ever invalidated; the hash in the key keeps a process
    that outlives a restored database from judging by a form that is no more.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._forms: OrderedDict[Key, FormContent] = OrderedDict()

    def get(self, key: Key) -> FormContent | None:
        found = self._forms.get(key)
        if found is not None:
            self._forms.move_to_end(key)
        return found

    def put(self, key: Key, form: FormContent) -> None:
        self._forms[key] = form
        self._forms.move_to_end(key)
        while len(self._forms) > self._capacity:
            self._forms.popitem(last=False)
