"""Requests with fixes, in our own form or OsmAnd's: decoded, stored, answered fix by fix."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.doors import FixResult, Form, HttpFixes, HttpTaken, Trouble
from config.policy import policy, policy_of
from freight.device_topics import position_topic
from ingest.decode import native, osmand
from ingest.decode.rows import Bad, BadPositionError, Decoded
from ingest.device_keys import DeviceKeys
from ingest.direct import BusyError, DirectDoor, Fate, StoreAwayError
from ingest.messages import Address, Message, Parcel
from ingest.topics import AddressBook
from store.directory import TruckDirectory

# The key by which a provider says whose each fix is; no part of the fix.
TRUCK = "truck"
DOORS = {Form.POSITIONS: "http/positions", Form.OSMAND: "http/osmand"}

_raws = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode


class _RefusedError(Exception):
    """Nothing of the request is taken."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble


class HttpDoor:
    """Knows who is who; the fixes go the way of all that come through a door of our own."""

    def __init__(
        self, directory: TruckDirectory, addresses: AddressBook, direct: DirectDoor
    ) -> None:
        self._directory = directory
        self._addresses = addresses
        self._direct = direct
        self._keys = DeviceKeys()

    async def take(self, asked: HttpFixes) -> HttpTaken:
        """Answers after the commit, or within the deadline that it is not known."""
        try:
            if asked.form is Form.POSITIONS:
                parcels = self._positions(asked)
            else:
                parcels = [await self._osmand(asked)]
            async with asyncio.timeout(policy().doors.http.deadline_s):
                outcomes = await self._direct.take(parcels)
        except _RefusedError as refused:
            return HttpTaken(trouble=refused.trouble, detail=str(refused))
        except BusyError as error:
            return HttpTaken(trouble=Trouble.BUSY, detail=str(error))
        except (StoreAwayError, TimeoutError):
            detail = "not known to be stored yet; send it again"
            return HttpTaken(trouble=Trouble.AWAY, detail=detail)
        results: list[FixResult] = []
        for (address, decoded, _), fates in zip(parcels, outcomes, strict=True):
            truck = address.truck
            results += [
                FixResult(one.fate, truck, int(row[0]), one.reason, one.detail)
                for row, one in zip(decoded.rows, fates, strict=True)
            ]
            results += [
                FixResult(Fate.REJECTED, truck, None, bad.reason, bad.why) for bad in decoded.bad
            ]
        return HttpTaken(tuple(results))

    # --------------------------------------------------------------------- our own form

    def _positions(self, asked: HttpFixes) -> list[Parcel]:
        """Each object is a parcel of its own, so that the answers stand in their order."""
        most = policy().doors.http.fixes_max
        try:
            is_array = asked.body.lstrip()[:1] == b"["
            objects: Sequence[Any] = _raws.decode(asked.body) if is_array else [asked.body]
            if not is_array:
                _object.decode(asked.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _RefusedError(Trouble.MALFORMED, str(error)) from error
        if not 0 < len(objects) <= most:
            detail = f"{len(objects)} fixes in one request; 1 to {most} are allowed"
            raise _RefusedError(Trouble.TOO_MANY_FIXES, detail)
        return [self._position(asked, bytes(raw)) for raw in objects]

    def _position(self, asked: HttpFixes, raw: bytes) -> Parcel:
        tenant = asked.tenant or ""
        decoded, said = _one_position(raw)
        truck = asked.truck or said
        line = None if truck is None else self._addresses.find(position_topic(tenant, truck))
        if line is not None:
            return _parcel(line.address, decoded, asked, raw)
        why = "truck: missing" if truck is None else f"truck: there is no {truck[:64]!r}"
        stranger = Address(tenant, (truck or "")[:64], 0, 0, 0)
        return _parcel(stranger, Decoded(bad=[Bad(raw, why, "unknown_truck")]), asked, raw)

    # ------------------------------------------------------------------- OsmAnd's form

    async def _osmand(self, asked: HttpFixes) -> Parcel:
        most = policy().doors.http.fixes_max
        try:
            sent = osmand.decode(
                asked.query, asked.content_type, asked.body, asked.received_ms, most
            )
        except BadPositionError as error:
            raise _RefusedError(Trouble.MALFORMED, str(error)) from error
        address = self._named(sent.device, asked.tenant)
        if asked.truck is None:
            await self._prove(address, sent.key, has_signed_in=asked.tenant is not None)
        elif (address.tenant, address.truck) != (asked.tenant, asked.truck):
            raise _RefusedError(Trouble.UNKNOWN, "id: another device's than the one signed in")
        return _parcel(address, sent.decoded, asked, asked.query + b"\n" + asked.body)

    def _named(self, device: str, tenant: str | None) -> Address:
        found = self._addresses.named(device, tenant)
        if len(found) > 1:
            detail = "id: several tenants have such a truck; send tenant/truck, or the device's id"
            raise _RefusedError(Trouble.UNKNOWN, detail)
        if not found:
            raise _RefusedError(Trouble.UNKNOWN, "id: there is no such truck or device")
        return found[0]

    async def _prove(self, address: Address, key: str | None, *, has_signed_in: bool) -> None:
        entry = self._directory.by_key[address.truck_key]
        if has_signed_in and key is None:
            return
        if not entry.hashes_at(datetime.now(UTC)):
            raise _RefusedError(Trouble.UNKNOWN, "id: there is no such truck or device")
        if key is None and policy_of(address.tenant).doors.osmand.key_required:
            raise _RefusedError(Trouble.KEY, "key: missing; it is the device's secret")
        if key is not None and not await self._keys.is_good(entry, key):
            raise _RefusedError(Trouble.KEY, "key: not this device's secret")


def _one_position(raw: bytes) -> tuple[Decoded, str | None]:
    """What the object holds, and whose it says it is."""
    try:
        decoded = native.decode(raw, 1)
        truck = _truck_of(raw) if decoded.extras or not decoded.rows else None
    except BadPositionError as error:
        return Decoded(bad=[Bad(raw, str(error), error.reason)]), _truck_of(raw)
    if truck is not None and decoded.extras:
        rest = {k: v for k, v in _object.decode(decoded.extras[0]).items() if k != TRUCK}
        decoded.extras = {0: _encode(rest)} if rest else {}
    return decoded, truck


def _truck_of(raw: bytes) -> str | None:
    try:
        truck = _object.decode(raw).get(TRUCK)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return truck if isinstance(truck, str) else None


def _parcel(address: Address, decoded: Decoded, asked: HttpFixes, raw: bytes) -> Parcel:
    return Parcel(address, decoded, Message(0, DOORS[asked.form], raw, asked.received_ms))
