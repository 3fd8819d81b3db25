"""Commands to bookings' actors and their answers, as bytes, which Ray carries unpickled."""

from __future__ import annotations

import msgspec

from actors.booking_writing import TenantName
from actors.bookings import Answer
from freight.booking.commands import Command


# Pickled, each cost several times as much. Wishes about offers are few and go as they are.
class Asked(msgspec.Struct, frozen=True):
    tenant: TenantName
    booking_id: str
    command: Command
    expected: int | None = None


_encoder = msgspec.msgpack.Encoder()
_asked = msgspec.msgpack.Decoder(Asked)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def written(said: Asked | Answer) -> bytes:
    return _encoder.encode(said)


def read_asked(raw: bytes) -> Asked:
    return _asked.decode(raw)


def read_answer(raw: bytes) -> Answer:
    return _answers.decode(raw)
