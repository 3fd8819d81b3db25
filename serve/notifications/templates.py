"""What messages say: the tenant's own templates before the shipped ones, checked and previewed."""

from __future__ import annotations

from datetime import datetime

from freight.notifying.channels import Channel
from freight.notifying.forms import Form, Problem, faults, rendered
from freight.notifying.language import Values
from freight.notifying.texts import ANY, Place, every_shipped, shipped
from freight.notifying.variables import known, samples
from serve.addressed import Addressed
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.notifications.template_wire import (
    FormIn,
    NewTemplate,
    Preview,
    PreviewOfKept,
    PreviewOut,
    TemplateOut,
    VariableOut,
    place_of,
    template_id,
)
from serve.paging import ListOf, Page, number_of
from serve.problems import ConflictError, InvalidError, NotFoundError
from store import notification_templates
from store.notification_templates import StoredForm
from store.postgres import AnyConnection


async def list_page(
    gateway: Gateway, who: Principal, page: Page, wanted: tuple[str | None, ...]
) -> ListOf[TemplateOut]:
    """By their ids; of shipped ones those that the tenant has not replaced."""
    async with gateway.as_tenant(who) as conn:
        own = await notification_templates.in_force(conn)
    found = {
        template_id(place): TemplateOut.of(place, form, 0, None)
        for place, form in every_shipped(gateway.policy_of(who).notification_texts)
    }
    found |= {template_id(one.place): _own(one, one.form) for one in own if one.form is not None}
    fitting = [
        one
        for name, one in sorted(found.items())
        if name > (page.after or "")
        and all(
            given is None or given == has
            for given, has in zip(wanted, (one.kind, one.language, one.channel), strict=True)
        )
    ]
    kept, next_cursor = page.cut(fitting[: page.one_more], lambda one: one.id)
    return ListOf(items=list(kept), next_cursor=next_cursor)


async def get(gateway: Gateway, who: Principal, given: str) -> TemplateOut:
    async with gateway.as_tenant(who) as conn:
        return (await _found(gateway, who, conn, given))[0]


async def create(gateway: Gateway, who: Principal, new: NewTemplate) -> TemplateOut:
    place, form = (new.kind, new.language, new.channel), new.form()
    _refuse_faulty(gateway, who, place, form)
    subject = f"notification-templates/{template_id(place)}"
    async with gateway.changing(who, "notification-templates.create", subject) as change:
        before = await notification_templates.newest(change.conn, place)
        if before is not None and before.form is not None:
            raise ConflictError(f"template {template_id(place)!r} already exists")
        most = gateway.policy_of(who).notifications.own_templates_max
        if len(await notification_templates.in_force(change.conn)) >= most:
            raise ConflictError(f"a tenant has at most {most} templates of its own")
        made = await notification_templates.put(
            change.conn, who.tenant_key, place, form, who.name, None
        )
        change.after = shown = _own(made, form)
    return shown


async def change(at: Addressed, who: Principal, given: FormIn) -> TemplateOut:
    """The next version; of a shipped one, the tenant's first."""
    place, form = _place(at.id), given.form()
    gateway, subject = at.gateway, f"notification-templates/{at.id}"
    async with gateway.changing(who, "notification-templates.change", subject) as change:
        change.before, _ = await _found(gateway, who, change.conn, at.id)
        _refuse_faulty(gateway, who, place, form)
        made = await notification_templates.put(
            change.conn, who.tenant_key, place, form, who.name, at.expected
        )
        change.after = shown = _own(made, form)
    return shown


async def delete(at: Addressed, who: Principal) -> None:
    """The shipped one counts again, if there is one; the versions stay."""
    place, gateway = _place(at.id), at.gateway
    subject = f"notification-templates/{at.id}"
    async with gateway.changing(who, "notification-templates.delete", subject) as change:
        change.before, _ = await _found(gateway, who, change.conn, at.id)
        if change.before.is_shipped:
            raise ConflictError("it is the product's and stays")
        await notification_templates.put(
            change.conn, who.tenant_key, place, None, who.name, at.expected
        )


async def versions(gateway: Gateway, who: Principal, given: str, page: Page) -> ListOf[TemplateOut]:
    """The tenant's own, the newest first; one that was taken away is not shown."""
    async with gateway.as_tenant(who) as conn:
        await _found(gateway, who, conn, given)
        found = await notification_templates.versions(
            conn, _place(given), number_of(page.after), page.one_more
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.version))
    shown = [_own(one, one.form) for one in kept if one.form is not None]
    return ListOf(items=shown, next_cursor=next_cursor)


def preview(gateway: Gateway, who: Principal, given: Preview) -> PreviewOut:
    place = (given.kind, given.language, given.channel)
    return _previewed(gateway, who, place, given.form(), given.data)


async def preview_kept(
    gateway: Gateway, who: Principal, given: str, wanted: PreviewOfKept
) -> PreviewOut:
    place = _place(given)
    async with gateway.as_tenant(who) as conn:
        _, form = await _found(gateway, who, conn, given)
        if wanted.version is not None:
            of = await notification_templates.of_version(conn, place, wanted.version)
            if of is None or of.form is None:
                raise NotFoundError("there is no such version")
            form = of.form
    return _previewed(gateway, who, place, form, wanted.data)


def _previewed(
    gateway: Gateway, who: Principal, place: Place, form: Form, data: dict[str, str] | None
) -> PreviewOut:
    rules, names = gateway.policy_of(who).notifying.texts, known(place[0])
    problems = faults(form, _channel(place), names, rules)
    unknown = sorted(set(data or {}) - names.keys())
    problems += [Problem("data", f"nothing is called {name!r} here") for name in unknown]
    shown = None
    if not any(one.is_error for one in problems):
        values: Values = samples(place[0]) if data is None else data
        shown = rendered(form, _channel(place), values, rules)
    variables = [
        VariableOut(name=one.name, sample=one.sample, rows=[row.name for row in one.rows])
        for one in names.values()
    ]
    return PreviewOut.of(shown, problems, variables)


def _refuse_faulty(gateway: Gateway, who: Principal, place: Place, form: Form) -> None:
    rules = gateway.policy_of(who).notifying.texts
    if place[1] not in rules.languages:
        raise InvalidError.at("/language", f"messages are written in {', '.join(rules.languages)}")
    found = [one for one in faults(form, _channel(place), known(place[0]), rules) if one.is_error]
    if found:
        errors = [{"pointer": f"/{one.field}", "detail": one.says} for one in found]
        raise InvalidError("the template cannot be used; errors says why", errors=errors)


async def _found(
    gateway: Gateway, who: Principal, conn: AnyConnection, given: str
) -> tuple[TemplateOut, Form]:
    place = _place(given)
    own = await notification_templates.newest(conn, place)
    if own is not None and own.form is not None:
        return _own(own, own.form), own.form
    form = shipped(gateway.policy_of(who).notification_texts, place)
    if form is None:
        raise NotFoundError("there is no such template")
    return TemplateOut.of(place, form, 0 if own is None else own.version, None), form


def _own(stored: StoredForm, form: Form | None) -> TemplateOut:
    if form is None:
        raise AssertionError("asked for what is in force")
    changed: tuple[datetime, str] = (stored.at, stored.changed_by)
    return TemplateOut.of(stored.place, form, stored.version, changed)


def _place(given: str) -> Place:
    place = place_of(given)
    if place is None:
        raise NotFoundError("there is no such template")
    return place


def _channel(place: Place) -> Channel:
    """Of a form for all that have none of their own: the one that may say most."""
    return Channel.EMAIL if place[2] == ANY else Channel(place[2])
