"""A form with everything that is asked, by whom it is owed and how it is judged. Immutable."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from hub.datatypes import DATATYPES, Value
from hub.forms.assembly import Difference, Obligation
from hub.kit import json
from hub.validation import ElementSpec, FormSpec


@dataclass(frozen=True)
class FormField:
    """One element on the form: how it is checked (`spec`) and what helps to fill it in."""

    spec: ElementSpec
    section: str
    position: int
    obligation: Obligation
    definition: str | None
    example: str | None
    source_organization: str | None
    legal_basis: str | None

    @property
    def identifier(self) -> str:
        return self.spec.identifier


@dataclass(frozen=True)
class FormSection:
    title: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class FormContent:
    """`version` is None while the form is only assembled. `spec` keeps its compiled rules: keep the object."""

    code: str
    version: int | None
    name: str
    object_class: str
    period_type: str
    fields: tuple[FormField, ...]
    spec: FormSpec
    published_at: datetime | None = None
    published_by: str | None = None

    @cached_property
    def sections(self) -> tuple[FormSection, ...]:
        titles = dict.fromkeys(field.section for field in self.fields)
        return tuple(
            FormSection(title, tuple(field for field in self.fields if field.section == title)) for title in titles
        )

    @cached_property
    def captured(self) -> tuple[FormField, ...]:
        return self._of_source("captured")

    @cached_property
    def derived(self) -> tuple[FormField, ...]:
        return self._of_source("derived")

    @cached_property
    def supplied(self) -> tuple[FormField, ...]:
        return self._of_source("supplied")

    def _of_source(self, source: str) -> tuple[FormField, ...]:
        return tuple(field for field in self.fields if field.spec.source == source)

    @cached_property
    def versions(self) -> Mapping[str, int]:
        """Identifier to the element version that is asked."""
        return {field.identifier: field.spec.version for field in self.fields}

    @cached_property
    def writers(self) -> tuple[tuple[str, Callable[[Value], Value]], ...]:
        """How values go over the wire, of the identifiers whose values do not go as they are."""
        kinds = ((field.identifier, DATATYPES[field.spec.domain.datatype]) for field in self.fields)
        return tuple((identifier, kind.to_wire) for identifier, kind in kinds if kind.is_respelled)

    @cached_property
    def rule_versions(self) -> Mapping[str, int]:
        return {rule.identifier: rule.version for rule in self.spec.rules}

    @cached_property
    def content_sha256(self) -> bytes:
        """Over everything that makes a difference to who fills it in or how it is judged, not over its version."""
        content = {
            "code": self.code,
            "name": self.name,
            "fields": self.fields,
            "rules": self.spec.rules,
        }
        return hashlib.sha256(json.dumps(content).encode()).digest()


@dataclass(frozen=True)
class FormOverview:
    """The newest published version, else the form as it is assembled; `pending`: what publishing would change."""

    form: FormContent
    pending: Difference
    is_changed: bool
