"""Reads an upload: one file and a few fields, in memory, within limits, from an admitted caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from serve.documents.wire import DocumentFields
from serve.identity.access import Opened
from serve.problems import InvalidError

MULTIPART = "multipart/form-data"
FILE = "file"
FIELD_BYTES_MAX = 1000  # fixed: part of the published API
FIELDS_MAX = len(DocumentFields.model_fields) + 2  # room to name one that is not known
NAME_CHARS_MAX = 120  # fixed: part of the published API

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "required": [FILE, "kind"],
                    "properties": {
                        FILE: {"type": "string", "contentMediaType": "application/octet-stream"},
                        **{
                            name: {"type": "string", "description": field.description or name}
                            for name, field in DocumentFields.model_fields.items()
                        },
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True, slots=True)
class Upload:
    fields: DocumentFields
    content: bytes
    told: str  # the content type that the client said
    name: str | None


class _InMemory(MultiPartParser):
    """What waits to be sealed is written nowhere in the open."""

    def __init__(self, request: Request, bytes_max: int) -> None:
        super().__init__(
            request.headers,
            request.stream(),
            max_files=1,
            max_fields=FIELDS_MAX,
            max_part_size=FIELD_BYTES_MAX,
        )
        self.spool_max_size = bytes_max + 1


async def one_turn(gateway: Opened) -> AsyncIterator[None]:
    """Before anything of an upload is read."""
    with gateway.documents.taking(gateway.policy.edge.overloaded_retry_s):
        yield


Turn = Depends(one_turn)


async def uploaded(request: Request, gateway: Opened) -> Upload:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MULTIPART:
        raise InvalidError.at("Content-Type", f"send {MULTIPART}", **{"in": "header"})
    try:
        form = await _InMemory(request, gateway.documents.limits.body_bytes_max).parse()
    except (MultiPartException, KeyError, ValueError) as failed:
        raise InvalidError(f"this is no {MULTIPART} that can be read: {failed}") from failed
    try:
        return await _upload_of(form)
    finally:
        await form.close()


async def _upload_of(form: FormData) -> Upload:
    file = form.get(FILE)
    if not isinstance(file, UploadFile):
        raise InvalidError.at(f"/{FILE}", f"send the file in a part called {FILE!r}, with a name")
    texts = [(name, value) for name, value in form.multi_items() if name != FILE]
    if len(texts) > len(dict(texts)) or len(form.getlist(FILE)) > 1:
        raise InvalidError("each field is sent once")
    if any(not isinstance(value, str) for _, value in texts):
        raise InvalidError(f"only {FILE!r} is a file")
    try:
        fields = DocumentFields.model_validate(dict(texts))
    except ValidationError as failed:
        errors = [
            {"pointer": "/" + "/".join(map(str, e["loc"])), "detail": e["msg"]}
            for e in failed.errors()
        ]
        raise InvalidError("the fields are not valid; errors says where", errors=errors) from failed
    content = await file.read()
    if not content:
        raise InvalidError.at(f"/{FILE}", "the file is empty")
    return Upload(fields, content, file.content_type or "", _name_of(file.filename))


def _name_of(given: str | None) -> str | None:
    """As people call it, without where it lay; nothing that a screen or a header trips over."""
    last = (given or "").replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    return name[-NAME_CHARS_MAX:] or None


Uploaded = Annotated[Upload, Depends(uploaded)]
