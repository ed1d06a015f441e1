"""What stood against a button, as the page that it stands on says it: at its field, or above everything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.kit.errors import Conflict, HubError, Unprocessable
from hub.kit.shown import Choice
from hub.kit.views import faults_by_field

# Answered on the page itself. Who nobody knows or may not do this (401, 403) leaves a trace and is answered as
# everywhere; what is not there (404) has no page to come back to.
STANDS_AGAINST = (Conflict, Unprocessable)
# Where a sentence can stand beside what was typed.
FIELDS = frozenset({"reason", "exception_reason", "take-back-reason", "until"})


@dataclass(frozen=True)
class RefusalView:
    """`lines`: each sentence, with its place on the page where it has one. `kept`: what was typed for nothing."""

    lines: tuple[Choice, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """A button pressed in vain: why, what had been typed and ticked. `names`: the page's fields by the service's."""

    error: HubError
    typed: Mapping[str, str] = field(default_factory=dict)
    ticked: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def faults(self) -> dict[str, list[str]]:
        """Those that have a field on the page."""
        found = faults_by_field(self.error.errors)
        return {self.names.get(name, name): sentences for name, sentences in found.items() if name in FIELDS}

    @property
    def view(self) -> RefusalView | None:
        """What no field of the page can say; its reasons come back to be copied, for their field may be gone."""
        elsewhere = [item.message for item in self.error.errors if item.pointer.lstrip("/") not in FIELDS]
        if self.faults and not elsewhere:
            return None
        findings = [
            Choice(f"#k.{one.division}.{one.element}", one.message) for one in self.error.extra.get("findings", ())
        ]
        lines = findings or [Choice("", sentence) for sentence in elsewhere]
        return RefusalView((*((Choice("", self.error.detail),) if not elsewhere else ()), *lines), self.reasons)

    @property
    def reasons(self) -> tuple[str, ...]:
        texts = (text.strip() for name, text in self.typed.items() if "reason" in name)
        return tuple(dict.fromkeys(text for text in texts if text))
