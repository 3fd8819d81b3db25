"""Drives Mosquitto's dynamic-security plugin: one client and one role for each device."""

from __future__ import annotations

import hashlib
import itertools
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from config.installation import Mqtt
from config.sections.devices import Control
from freight.device_topics import (
    INGEST_PUBLISHES,
    INGEST_SUBSCRIBES,
    may_publish,
    may_subscribe,
)
from ingest.device_brokers import SecretTurns, SeenSince
from ingest.mqtt_client import BrokerAwayError, ControlLink, control_link
from store.device_sealing import unseal
from store.directory import DirectoryEntry
from store.key_file import KeyFile
from store.sealing import SealError

log = logging.getLogger(__name__)

TOPIC = "$CONTROL/dynamic-security/v1"  # fixed: the plugin's own topic
ANSWERS = f"{TOPIC}/response"
# What may be said of a command that was given before and got lost, or of a client gone already.
HARMLESS = ("already exists", "not found")

Command = dict[str, Any]


def acls(publish: Sequence[str], subscribe: Sequence[str]) -> list[Command]:
    """Receiving is asked for, too: who takes over another's session must not get its messages."""
    kinds = [("publishClientSend", topic) for topic in publish]
    for topic in subscribe:
        subscribing = "subscribePattern" if "+" in topic else "subscribeLiteral"
        kinds += [(subscribing, topic), ("publishClientReceive", topic)]
    return [{"acltype": kind, "topic": topic, "allow": True} for kind, topic in kinds]


def fingerprint(*parts: str) -> str:
    """Of what we told the broker, so that it need not be told again after a reconnect."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


class DynamicSecurity:
    """The port's adapter for Mosquitto; see ingest/device_brokers.py.

    The plugin knows one secret a client and tells nobody whom it refused. While two are good, a
    device that has fallen silent is let in with the other.
    """

    def __init__(
        self,
        where: Mqtt,
        instance: str,
        keys: KeyFile,
        limits: Callable[[], Control],
        seen_since: SeenSince,
    ) -> None:
        self._where = where
        self._mark = f"ubertruck:{instance}:"
        self._keys = keys
        self._limits = limits
        self._seen_since = seen_since
        self._turns = SecretTurns()
        self._link: ControlLink | None = None
        self._questions = itertools.count(time.time_ns())
        # What the broker has of ours: user or role name -> fingerprint.
        self._clients: dict[str, str] = {}
        self._roles: dict[str, str] = {}
        self._foreign: set[str] = set()
        self._owners: dict[str, int] = {}
        self._checked_s = 0.0
        self._turned_s = 0.0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        where, limits = self._where, self._limits()
        async with control_link(where, TOPIC, ANSWERS, limits.answer_s_max) as link:
            self._link = link
            try:
                yield
            finally:
                self._link = None

    async def apply(self, changes: Sequence[DirectoryEntry], *, is_all: bool) -> None:
        if is_all:
            await self._begin()
        commands = [command for entry in changes for command in self._commands(entry)]
        if is_all:
            commands += self._ingest_commands()
            wanted = {*self._owners, self._where.username}
            for stale in self._clients.keys() - wanted:
                commands += self._removal(stale)
        await self._do(commands)

    async def tick(self) -> None:
        now_s = time.monotonic()
        limits = self._limits()
        commands = [c for entry in self._turns.ended() for c in self._commands(entry)]
        if self._turns.overlapping and now_s >= self._turned_s + limits.silent_s:
            self._turned_s = now_s
            commands += await self._turn_the_silent(limits.silent_s)
        await self._do(commands)
        if now_s >= self._checked_s + limits.check_s:
            await self._check()
            self._checked_s = now_s

    async def _begin(self) -> None:
        """Nothing is allowed that is not said; then see what the broker has of ours."""
        self._turns = SecretTurns()
        self._owners = {}
        denied = ("publishClientSend", "publishClientReceive", "subscribe")
        await self._do(
            [
                {
                    "command": "setDefaultACLAccess",
                    "acls": [{"acltype": kind, "allow": False} for kind in denied],
                }
            ]
        )
        self._clients, self._foreign = await self._known("listClients", "clients", "username")
        self._roles, _ = await self._known("listRoles", "roles", "rolename")
        self._checked_s = self._turned_s = time.monotonic()

    async def _check(self) -> None:
        """A broker that came back without its file has forgotten us."""
        await self._do([{"command": "getClient", "username": self._where.username}], strict=True)

    # ----------------------------------------------------------------------- what to say

    def _commands(self, entry: DirectoryEntry) -> Iterator[Command]:
        username = entry.username
        held = self._turns.take(entry)
        if held is None:
            # The id may belong to a newer truck by now.
            if self._owners.get(username, entry.truck_key) == entry.truck_key:
                self._owners.pop(username, None)
                yield from self._removal(username)
            return
        secret = self._secret(entry, held)
        if secret is None:
            log.warning("%s has no secret that the broker could be told: rotate it", username)
            yield from self._removal(username)
            return
        self._owners[username] = entry.truck_key
        publish = may_publish(entry.tenant, entry.truck, entry.unique_id)
        subscribe = may_subscribe(entry.tenant, entry.truck)
        yield from self._told(username, secret, fingerprint(held), acls(publish, subscribe))

    def _ingest_commands(self) -> Iterator[Command]:
        """Our own consumer, also of a shared subscription."""
        password = self._where.password.get_secret_value()
        shared = [f"$share/+/{topic}" for topic in INGEST_SUBSCRIBES]
        allowed = acls(INGEST_PUBLISHES, [*INGEST_SUBSCRIBES, *shared])
        yield from self._told(self._where.username, password, fingerprint(password), allowed)

    def _told(
        self, username: str, secret: str, secret_print: str, allowed: list[Command]
    ) -> Iterator[Command]:
        """Only what the broker does not know already: a changed client is disconnected."""
        role = self._role_of(username)
        role_print = fingerprint(*(f"{acl['acltype']} {acl['topic']}" for acl in allowed))
        if self._roles.get(role) != role_print:
            verb = "modifyRole" if role in self._roles else "createRole"
            about = f"{self._mark}{role_print}"
            yield {"command": verb, "rolename": role, "textdescription": about, "acls": allowed}
            self._roles[role] = role_print
        if self._clients.get(username) != secret_print:
            is_there = username in self._clients or username in self._foreign
            verb = "modifyClient" if is_there else "createClient"
            yield {
                "command": verb,
                "username": username,
                "password": secret,
                "textdescription": f"{self._mark}{secret_print}",
                "roles": [{"rolename": role}],
            }
            self._clients[username] = secret_print

    def _removal(self, username: str) -> Iterator[Command]:
        """Its open connection is dropped with it."""
        if self._clients.pop(username, None) is not None:
            yield {"command": "deleteClient", "username": username}
        role = self._role_of(username)
        if self._roles.pop(role, None) is not None:
            yield {"command": "deleteRole", "rolename": role}

    def _role_of(self, username: str) -> str:
        return f"{self._mark}{username}"

    def _secret(self, entry: DirectoryEntry, held: str) -> str | None:
        sealed = entry.sealed_secret if held == entry.secret_hash else entry.previous_sealed
        if sealed is None:
            return None
        try:
            return unseal(self._keys, entry.username, sealed)
        except SealError as error:
            log.warning("the secret of %s: %s", entry.username, error)
            return None

    async def _turn_the_silent(self, silent_s: float) -> list[Command]:
        keys = [entry.truck_key for entry in self._turns.overlapping.values()]
        heard = await self._seen_since(keys, silent_s)
        commands: list[Command] = []
        for username, entry in list(self._turns.overlapping.items()):
            if entry.truck_key not in heard and self._turns.other(username) is not None:
                commands += self._commands(entry)
        return commands

    # ------------------------------------------------------------------------ saying it

    async def _do(self, commands: Sequence[Command], *, strict: bool = False) -> None:
        size = self._limits().commands_max
        for start in range(0, len(commands), size):
            for answer in await self._ask(commands[start : start + size]):
                error = str(answer.get("error", ""))
                if error and (strict or not any(harmless in error for harmless in HARMLESS)):
                    raise BrokerAwayError(f"{answer.get('command')}: {error}")

    async def _known(self, command: str, kind: str, name: str) -> tuple[dict[str, str], set[str]]:
        """All of a kind, page by page: those that carry our mark, and the names of the others."""
        ours: dict[str, str] = {}
        others: set[str] = set()
        size = self._limits().page_max
        for offset in itertools.count(0, size):
            question = {"command": command, "verbose": True, "count": size, "offset": offset}
            (answer,) = await self._ask([question])
            page = answer.get("data", {}).get(kind, [])
            for one in page:
                about = str(one.get("textdescription", ""))
                if about.startswith(self._mark):
                    ours[one[name]] = about.removeprefix(self._mark)
                else:
                    others.add(one[name])
            if len(page) < size:
                break
        return ours, others

    async def _ask(self, commands: Sequence[Command]) -> list[Command]:
        if self._link is None:
            raise BrokerAwayError("there is no connection to the broker's control topic")
        mark = f"{self._mark}{next(self._questions)}"
        marked = [{**command, "correlationData": mark} for command in commands]
        answer = await self._link.ask(msgspec.json.encode({"commands": marked}), mark.encode())
        try:
            answers: list[Command] = msgspec.json.decode(answer)["responses"]
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise BrokerAwayError(f"the broker's answer cannot be read: {error}") from error
        return answers
