"""A configuration document in YAML, of which JSON is a part, as a request's body."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

from serve.problems import InvalidError
from serve.settings.wire import Document

YAML = "application/yaml"
# Aliases let a small text describe a huge value.
_ALIAS = (yaml.AliasEvent,)


def document_of(body: bytes) -> Document:
    try:
        if any(isinstance(event, _ALIAS) for event in yaml.parse(body, yaml.SafeLoader)):
            raise InvalidError.at("", "a document may not contain YAML aliases")
        found: Any = yaml.safe_load(body)
    except (yaml.YAMLError, ValueError, RecursionError) as failed:
        raise InvalidError.at("", "the body is not YAML") from failed
    try:
        return Document.model_validate(found)
    except ValidationError as failed:
        errors = [
            {"pointer": "".join(f"/{step}" for step in one["loc"]), "detail": one["msg"]}
            for one in failed.errors(include_url=False)
        ]
        raise InvalidError(
            "the document is not valid; errors says where", errors=errors
        ) from failed
