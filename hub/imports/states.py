"""The states of an import. Readers ignore states they do not know."""

from typing import Literal

ImportState = Literal["received", "reading", "checking", "storing", "done", "refused", "failed", "cancelled"]

OVER = frozenset({"done", "refused", "failed", "cancelled"})
