"""The shipped registry's forms as the checker understands them, without a database."""

from hub.registry.file_checks import form_of
from hub.registry.files import RegistryFiles
from hub.validation import ElementSpec, FormSpec, RuleSpec


def form_spec(files: RegistryFiles, object_class: str, period_type: str) -> FormSpec:
    form = (object_class, period_type)
    return FormSpec(
        code="-".join(form),
        version=1,
        elements=tuple(
            ElementSpec(
                identifier=element.identifier,
                version=1,
                name=element.names.zh,
                domain=files.value_domain(element),
                required=element.required,
                source=element.source,
                expression=element.expression,
            )
            for element in files.elements
            if form_of(element) == form
        ),
        rules=tuple(
            RuleSpec(
                rule.identifier, 1, rule.expression, rule.severity, rule.messages.zh, rule.messages.en, rule.element
            )
            for rule in files.rules
            if form_of(rule) == form
        ),
    )
