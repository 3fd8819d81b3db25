"""What can be done with commands to devices; an ingest worker sends what is written down here."""

from __future__ import annotations

import uuid

import msgspec

from serve.commands.wire import CommandOut, NewCommand
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.problems import ConflictError, InvalidError
from store import device_commands, trucks


async def create(gateway: Gateway, who: Principal, truck_id: str, new: NewCommand) -> CommandOut:
    rules = gateway.policy_of(who).doors.commands
    expires_s = rules.usual_expiry_s if new.expires_s is None else new.expires_s
    if expires_s > rules.expiry_s_max:
        raise InvalidError.at("/expires_s", f"at most {rules.expiry_s_max:g} s")
    size = len(msgspec.json.encode(new.payload))
    if size > rules.payload_bytes_max:
        raise InvalidError.at("/payload", f"{size} bytes; at most {rules.payload_bytes_max}")
    command_id = uuid.uuid4()
    async with gateway.changing(
        who, "commands.create", f"trucks/{truck_id}/commands/{command_id}"
    ) as change:
        truck = await trucks.get(change.conn, truck_id)
        if await device_commands.open_ones(change.conn, truck.key) >= rules.open_per_truck_max:
            raise ConflictError(
                f"{rules.open_per_truck_max} commands of this truck wait for an answer already"
            )
        command = await device_commands.create(
            change.conn,
            who.tenant_key,
            truck.key,
            id=command_id,
            kind=new.kind,
            payload=new.payload,
            created_by=who.name,
            expires_s=expires_s,
        )
        out = CommandOut.of(command)
        change.after = out
    return out


async def get(gateway: Gateway, who: Principal, truck_id: str, command_id: str) -> CommandOut:
    async with gateway.as_tenant(who) as conn:
        truck = await trucks.get(conn, truck_id)
        return CommandOut.of(await device_commands.get(conn, truck.key, _uuid_of(command_id)))


async def list_page(
    gateway: Gateway, who: Principal, truck_id: str, page: Page
) -> ListOf[CommandOut]:
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        truck = await trucks.get(conn, truck_id)
        found = await device_commands.list_page(conn, truck.key, before, page.one_more)
    kept, next_cursor = page.cut(found, lambda command: str(command.nr))
    return ListOf(items=[CommandOut.of(one) for one in kept], next_cursor=next_cursor)


def _uuid_of(text: str) -> uuid.UUID:
    """What is no id of ours is the id of nothing."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
