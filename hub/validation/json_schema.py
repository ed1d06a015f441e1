"""The rows of a form as JSON Schema, for programs that fill it in."""

from hub.datatypes import json_schema
from hub.validation.form import FormSpec
from hub.validation.report import MISSING_REASONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def form_json_schema(spec: FormSpec) -> dict[str, object]:
    """The body of `PUT /collections/{id}/draft` that has a chance to be valid.

    A draft itself is never refused for its values; this is what a careful program checks before it sends.
    Requiredness is left to validation, because a value or a reason why it is missing will do.
    """
    captured = [element for element in spec.elements if element.source == "captured"]
    values = {
        element.identifier: {
            "title": element.name,
            "description": " ".join(filter(None, (element.name_en, element.domain.unit))),
            **json_schema(element.domain),
        }
        for element in captured
    }
    reason = {"enum": sorted(MISSING_REASONS)}
    row = {
        "type": "object",
        "required": ["division"],
        "additionalProperties": False,
        "properties": {
            "division": {"type": "string", "pattern": "^[0-9]{2,12}$"},
            "entity": {"type": "string"},
            "values": {"type": "object", "additionalProperties": False, "properties": values},
            "missing": {
                "type": "object",
                "additionalProperties": False,
                "properties": {element.identifier: reason for element in captured},
            },
        },
    }
    return {
        "$schema": DIALECT,
        "title": f"{spec.code} v{spec.version}",
        "type": "object",
        "required": ["rows"],
        "additionalProperties": False,
        "properties": {"rows": {"type": "array", "items": row}},
    }
