"""/openapi.json: adds to every operation the problems it may answer with instead."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serve.problems import MEDIA_TYPE

METHODS = frozenset({"get", "post", "put", "patch", "delete"})
# Machines that sign in or look after us are answered in the words of their own protocols.
SPEAKS_OTHERWISE = frozenset({"/livez", "/readyz", "/metrics", "/.well-known/jwks.json"})
FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")

_ANY = (
    *(HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS),
    *(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, HTTPStatus.SERVICE_UNAVAILABLE),
)
_WITH_TOKEN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_CHANGING = (
    *(HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
)

# RFC 6749 has its own form for refusals, which its clients know.
OAUTH = "/v1/oauth/"
OAUTH_STATUSES = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED)
OAUTH_ERROR = {
    "title": "OAuthError",
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}
PROBLEM = {
    "title": "Problem",
    "description": "What went wrong, as RFC 9457 says it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "correlation_id"],
    "properties": {
        "type": {"type": "string", "description": "names the kind of problem"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "correlation_id": {"type": "string", "description": "finds the request in our log"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "into the body, or a name"},
                    "detail": {"type": "string"},
                    "in": {"type": "string", "description": "query, path or header"},
                    "code": {"type": "string", "description": "for programs: what is wrong"},
                },
            },
        },
    },
}


def describe(app: FastAPI) -> None:
    """Routes declare what they answer when all is well; the rest is the same for all of them."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            app.openapi_schema = with_problems(document)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # the framework's way to change it


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas |= {"Problem": PROBLEM, "OAuthError": OAUTH_ERROR}
    for path, methods in document["paths"].items():
        if path in SPEAKS_OTHERWISE:
            continue
        for method, operation in methods.items():
            if method in METHODS:
                _add_problems(method, operation)
                if path.startswith(OAUTH):
                    _add_oauth_errors(operation)
    return document


def _add_problems(method: str, operation: dict[str, Any]) -> None:
    statuses = set(_ANY)
    if operation.get("security"):
        statuses |= set(_WITH_TOKEN)
    if method != "get":
        statuses |= set(_CHANGING)
    responses = operation["responses"]
    for status in sorted(statuses):
        told = responses.setdefault(str(int(status)), {"description": status.phrase})
        content = told.get("content", {})
        if "application/json" in content and "HTTPValidationError" in str(content):
            del content["application/json"]
            told["description"] = status.phrase
        content[MEDIA_TYPE] = {"schema": {"$ref": "#/components/schemas/Problem"}}
        told["content"] = content
    operation["responses"] = dict(sorted(responses.items()))


def _add_oauth_errors(operation: dict[str, Any]) -> None:
    for status in OAUTH_STATUSES:
        told = operation["responses"].setdefault(str(int(status)), {"description": status.phrase})
        schema = {"schema": {"$ref": "#/components/schemas/OAuthError"}}
        content = told.setdefault("content", {})
        content["application/json"] = schema
        content.setdefault(MEDIA_TYPE, {"schema": {"$ref": "#/components/schemas/Problem"}})
