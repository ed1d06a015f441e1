import jsonschema
import pytest

from hub.validation import FormSpec, form_json_schema

DIVISION = "433124102200"


def row(**values: object) -> dict[str, object]:
    return {"division": DIVISION, "values": values}


@pytest.fixture
def validator(village_form: FormSpec) -> jsonschema.Draft202012Validator:
    schema = form_json_schema(village_form)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    "document",
    [
        {"rows": []},
        {"rows": [{"division": DIVISION}]},
        {"rows": [row(migrant=213, income=1.5, has_clinic=True, road="1", surveyed_on="2026-03-01", note="好")]},
        {"rows": [row(migrant=0) | {"missing": {"note": "not_applicable"}, "entity": ""}]},
    ],
)
def test_accepts(validator: jsonschema.Draft202012Validator, document: object) -> None:
    validator.validate(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"rows": {}},
        {"rows": [{}]},
        {"rows": [{"division": "x"}]},
        {"rows": [], "more": 1},
        {"rows": [row(migrant="213")]},
        {"rows": [row(migrant=1.5)]},
        {"rows": [row(migrant=True)]},
        {"rows": [row(migrant=-1)]},
        {"rows": [row(migrant=20001)]},
        {"rows": [row(has_clinic="是")]},
        {"rows": [row(road="水泥路")]},
        {"rows": [row(surveyed_on="1.3.2026")]},
        {"rows": [row(note="长" * 21)]},
        {"rows": [row(cattle=1)]},
        {"rows": [row(share=1)]},
        {"rows": [{"division": DIVISION, "missing": {"note": "lost"}}]},
        {"rows": [{"division": DIVISION, "missing": {"assisted": "none"}}]},
    ],
)
def test_refuses(validator: jsonschema.Draft202012Validator, document: object) -> None:
    assert not validator.is_valid(document)
