"""Templates of messages as the API takes and gives them, and what a preview shows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from freight.notifying.channels import Channel
from freight.notifying.forms import Form, Problem, Rendered
from freight.notifying.texts import ANY, Place
from serve.fields import Strict
from serve.notifications.wire import Kind

SOURCE_CHARS_MAX = 100_000  # fixed: what one request can hold
DATA_MAX = 100  # fixed: what one request can hold
Source = Annotated[str, StringConstraints(max_length=SOURCE_CHARS_MAX)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{0,128}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,40}$")]
LanguageText = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
ChannelText = Annotated[
    str, StringConstraints(pattern=f"^({ANY}|{'|'.join(one.value for one in Channel)})$")
]
DataName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Short = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


class FormIn(Strict):
    text: Source = Field(description="{{name}}, {{#name}}...{{/name}}, {{^name}}...{{/name}}")
    title: Source = ""
    html: Source | None = Field(default=None, description="of an e-mail: simple tags only")
    provider_template: Id = Field(
        default="", description="MSG91's flow, or the name of WhatsApp's approved template"
    )
    provider_language: Id = Field(default="", description="as WhatsApp's template was approved")
    dlt_template: Id = Field(default="", description="the 19 digits of the operators' register")
    dlt_entity: Id = ""
    header: Id = Field(default="", description="the registered sender, six letters")
    parameters: Annotated[dict[Name, DataName], Field(max_length=20)] = Field(
        default={},
        description="what goes into the provider's template: VAR1, or of WhatsApp 1, 2, 3",
    )
    link: Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,39})?$")] = Field(
        default="", description="of WhatsApp's button: the variable that ends its address"
    )

    def form(self) -> Form:
        fields = set(FormIn.model_fields)
        return Form(**{name: value for name, value in self if name in fields})


class NewTemplate(FormIn):
    kind: Kind
    language: LanguageText
    channel: ChannelText = Field(description="`any`: for those without one of their own")


class TemplateOut(BaseModel):
    id: str
    kind: str
    language: str
    channel: str
    is_shipped: bool = Field(description="the product's: write your own to replace it")
    title: str
    text: str
    html: str | None
    provider_template: str
    provider_language: str
    dlt_template: str
    dlt_entity: str
    header: str
    parameters: dict[str, str]
    link: str
    changed_at: datetime | None
    changed_by: str | None
    version: int

    @classmethod
    def of(
        cls,
        place: Place,
        form: Form,
        version: int,
        changed: tuple[datetime, str] | None,
    ) -> TemplateOut:
        return cls(
            id=template_id(place),
            kind=place[0],
            language=place[1],
            channel=place[2],
            is_shipped=changed is None,
            changed_at=None if changed is None else changed[0],
            changed_by=None if changed is None else changed[1],
            version=version,
            parameters=dict(form.parameters),
            **{
                name: getattr(form, name) for name in form.__struct_fields__ if name != "parameters"
            },
        )


class Preview(NewTemplate):
    data: Annotated[dict[DataName, Short], Field(max_length=DATA_MAX)] | None = Field(
        default=None, description="values to render with; none: samples"
    )


class PreviewOfKept(Strict):
    data: Annotated[dict[DataName, Short], Field(max_length=DATA_MAX)] | None = None
    version: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None


class ProblemOut(BaseModel):
    field: str
    detail: str
    is_error: bool = Field(description="false: it can be saved, and is worth a second look")


class SegmentsOut(BaseModel):
    encoding: str = Field(description="GSM-7 or UCS-2")
    units: int
    parts: int
    left: int
    strangers: str = Field(description="the characters that make it UCS-2")


class VariableOut(BaseModel):
    name: str
    sample: str
    rows: list[str] = Field(description="of a list: the names within its section")


class PreviewOut(BaseModel):
    """Null: it cannot be rendered, `problems` says why."""

    title: str | None
    text: str | None
    html: str | None
    parameters: dict[str, str]
    segments: SegmentsOut | None
    problems: list[ProblemOut]
    variables: list[VariableOut] = Field(description="all that this kind of message can say")

    @classmethod
    def of(
        cls, shown: Rendered | None, problems: list[Problem], variables: list[VariableOut]
    ) -> PreviewOut:
        parts: Any = None if shown is None else shown.segments
        return cls(
            title=None if shown is None else shown.title,
            text=None if shown is None else shown.text,
            html=None if shown is None else shown.html,
            parameters={} if shown is None else dict(shown.parameters),
            segments=None
            if parts is None
            else SegmentsOut(**{name: getattr(parts, name) for name in parts.__struct_fields__}),
            problems=[
                ProblemOut(field=one.field, detail=one.says, is_error=one.is_error)
                for one in problems
            ],
            variables=variables,
        )


def template_id(place: Place) -> str:
    """`alert-raised--hi--sms`."""
    kind, language, channel = place
    return f"{kind.replace('.', '-')}--{language}--{channel}"


def place_of(given: str) -> Place | None:
    parts = given.split("--")
    if len(parts) != 3:  # kind, language and channel
        return None
    return parts[0].replace("-", "."), parts[1], parts[2]
