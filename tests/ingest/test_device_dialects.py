"""OwnTracks, Teltonika JSON, OsmAnd and Traccar Client: captured messages, and nonsense."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from config.policy import policy
from ingest.decode import osmand, owntracks, teltonika_json
from ingest.decode.osmand import Sent
from ingest.decode.rows import FIELDS, Bad, BadPositionError, Decoded
from ingest.decode.status import command_answer, read_status, state_of

TS_MS = 1_763_700_000_000
TS_S = TS_MS // 1000
RECEIVED_MS = TS_MS + 500
FRAMES = 10_000


def said(decoded: Decoded, number: int = 0) -> dict[str, Any]:
    """The row by its fields' names, without what is missing."""
    row = dict(zip(FIELDS, decoded.rows[number], strict=True))
    return {name: value for name, value in row.items() if value is not None}


def extra(decoded: Decoded, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(decoded.extras.get(number, b"{}"))
    return found


def teltonika(payload: bytes) -> Decoded:
    return teltonika_json.decode(payload, 500, policy().dialects.teltonika)


def asked(query: bytes = b"", content_type: str = "", body: bytes = b"") -> Sent:
    return osmand.decode(query, content_type, body, RECEIVED_MS, 500)


# ------------------------------------------------------------------------------- OwnTracks

CAPTURED = (
    b'{"cog":271,"lon":2.29513,"acc":5,"vel":61,"vac":21,"lat":48.85833,"tst":1497349316,'
    b'"alt":167,"_type":"location","tid":"JJ","t":"u","batt":67}'
)


def test_a_captured_location_of_owntracks() -> None:
    decoded = owntracks.decode(CAPTURED, 500)

    assert said(decoded) == {
        "ts": 1_497_349_316_000,
        "lat": 48.85833,
        "lon": 2.29513,
        "speed_kmh": 61,
        "heading_deg": 271,
        "accuracy_m": 5,
        "altitude_m": 167,
    }
    assert extra(decoded) == {"vac": 21, "tid": "JJ", "t": "u", "batt": 67}


def test_a_location_of_the_queclink_bridge() -> None:
    told = {"_type": "location", "tst": TS_S, "lat": 18.5, "lon": 73.8, "odometer": 1402.3}
    told |= {"ubatt": 4.1, "uext": 27.9, "ign": 1, "t": "!", "vel": -1, "imei": "865284041968706"}

    decoded = owntracks.decode(json.dumps(told).encode(), 500)

    assert said(decoded) == {
        "ts": TS_MS,
        "lat": 18.5,
        "lon": 73.8,
        "odometer_km": 1402.3,
        "battery_v": 4.1,
        "external_v": 27.9,
        "ignition": True,
        "alarm": "tow",
    }
    assert extra(decoded) == {"t": "!", "imei": "865284041968706"}


@pytest.mark.parametrize("kind", sorted(owntracks.OTHER_TYPES))
def test_other_messages_of_owntracks_are_taken_and_tell_no_position(kind: str) -> None:
    decoded = owntracks.decode(json.dumps({"_type": kind, "tst": TS_S}).encode(), 500)

    assert (decoded.rows, decoded.bad) == ([], [])


@pytest.mark.parametrize(
    ("told", "reason", "why"),
    [
        ({"_type": "location", "tst": TS_S, "lat": 91, "lon": 2}, "malformed", "$.lat"),
        ({"_type": "location", "lat": 1, "lon": 2}, "malformed", "tst"),
        ({"_type": "location", "tst": 1e300, "lat": 1, "lon": 2}, "malformed", "tst"),
        ({"_type": "encrypted", "data": "AAAA"}, "encrypted", "switch"),
        ({"_type": "poem"}, "malformed", "poem"),
        ({"lat": 1}, "malformed", "_type"),
        ([1], "malformed", "object"),
    ],
)
def test_what_owntracks_cannot_mean_is_refused(told: object, reason: str, why: str) -> None:
    with pytest.raises(BadPositionError) as refused:
        owntracks.decode(json.dumps(told).encode(), 500)

    assert refused.value.reason == reason
    assert why in str(refused.value)


# --------------------------------------------------------------------------- Teltonika JSON

REPORTED = {
    "ts": 1730890637000,
    "pr": 0,
    "latlng": "18.520400,73.856700",
    "alt": 560,
    "ang": 182,
    "sat": 11,
    "sp": 47,
    "evt": 240,
    "239": 1,
    "240": 1,
    "21": 4,
    "66": 27850,
    "16": 1402311,
}


@pytest.mark.parametrize(
    "message",
    [{"state": {"reported": REPORTED}}, {"reported": REPORTED}, REPORTED, [REPORTED]],
)
def test_a_record_of_teltonika_however_it_is_wrapped(message: object) -> None:
    decoded = teltonika(json.dumps(message).encode())

    assert said(decoded) == {
        "ts": 1_730_890_637_000,
        "lat": 18.5204,
        "lon": 73.8567,
        "altitude_m": 560,
        "heading_deg": 182,
        "satellites": 11,
        "speed_kmh": 47,
        "ignition": True,
        "external_v": 27.85,
        "odometer_km": 1402.311,
    }
    assert extra(decoded)["240"] == 1


def test_numbers_written_as_text_and_an_alarm_of_teltonika() -> None:
    told = REPORTED | {"239": "0", "evt": "252", "252": "1"}

    decoded = teltonika(json.dumps(told).encode())

    assert said(decoded)["ignition"] is False
    assert said(decoded)["alarm"] == "power_cut"
    assert said(decoded)["ts"] == 1_730_890_637_003, "beside the plain record of its second"


def test_a_record_without_satellites_tells_an_old_place() -> None:
    with pytest.raises(BadPositionError) as refused:
        teltonika(json.dumps(REPORTED | {"sat": 0}).encode())
    assert refused.value.reason == "no_fix"

    several = teltonika(json.dumps([REPORTED, REPORTED | {"sat": 0}]).encode())
    assert len(several.rows) == 1
    assert [bad.reason for bad in several.bad] == ["no_fix"]


def test_an_answer_to_a_command_tells_no_position() -> None:
    decoded = teltonika(b'{"RSP":"DOUT1:1"}')

    assert (decoded.rows, decoded.bad) == ([], [])


# -------------------------------------------------------------- OsmAnd and Traccar Client

QUERY = (
    b"id=123456789012345&timestamp=1504763810&lat=40.7232948571&lon=-74.0061408571"
    b"&bearing=7.19889788244&speed=40&ignition=true&rpm=933&fuel=24"
)


@pytest.mark.parametrize("as_form", [False, True])
def test_a_captured_query_of_osmand(as_form: bool) -> None:
    form = "application/x-www-form-urlencoded"
    sent = asked(content_type=form, body=QUERY) if as_form else asked(QUERY)

    assert (sent.device, sent.key) == ("123456789012345", None)
    assert said(sent.decoded) == {
        "ts": 1_504_763_810_000,
        "lat": 40.7232948571,
        "lon": -74.0061408571,
        "heading_deg": 7.19889788244,
        "speed_kmh": pytest.approx(74.08),
        "ignition": True,
    }
    assert extra(sent.decoded) == {"rpm": "933", "fuel": "24"}


@pytest.mark.parametrize(
    ("stamp", "ts_ms"),
    [
        ("&timestamp=1504763810", 1_504_763_810_000),
        ("&timestamp=1504763810123", 1_504_763_810_123),
        ("&timestamp=2017-09-07T05:56:50Z", 1_504_763_810_000),
        ("&timestamp=2017-09-07%2005:56:50", 1_504_763_810_000),
        ("", RECEIVED_MS),
    ],
)
def test_times_of_osmand(stamp: str, ts_ms: int) -> None:
    sent = asked(f"deviceid=T1&location=19.1,72.8&key=k{stamp}".encode())

    assert (sent.device, sent.key) == ("T1", "k")
    assert said(sent.decoded) == {"ts": ts_ms, "lat": 19.1, "lon": 72.8}


TRACCAR = {
    "location": {
        "timestamp": "2021-07-21T08:06:34.444Z",
        "coords": {
            "latitude": -6.1148096,
            "longitude": 106.6837015,
            "accuracy": 3.8,
            "speed": 18.67,
            "heading": 63,
            "altitude": 35.7,
        },
        "is_moving": False,
        "odometer": 0,
        "event": "motionchange",
        "activity": {"type": "still", "confidence": 100},
        "battery": {"is_charging": False, "level": 0.79},
        "extras": {},
    },
    "device_id": "8737767034",
}


def test_a_captured_body_of_traccar_client() -> None:
    sent = asked(content_type="application/json; charset=utf-8", body=json.dumps(TRACCAR).encode())

    assert sent.device == "8737767034"
    assert said(sent.decoded) == {
        "ts": 1_626_854_794_444,
        "lat": -6.1148096,
        "lon": 106.6837015,
        "accuracy_m": 3.8,
        "speed_kmh": pytest.approx(67.212),
        "heading_deg": 63,
        "altitude_m": 35.7,
    }
    assert extra(sent.decoded)["battery"] == {"is_charging": False, "level": 0.79}


def test_minus_one_of_traccar_client_is_not_known() -> None:
    coords = {"latitude": 1, "longitude": 2, "speed": -1, "heading": -1, "accuracy": 9}
    body = {"device_id": 17, "location": {"timestamp": TS_MS, "coords": coords}}

    sent = asked(content_type="application/json", body=json.dumps(body).encode())

    assert sent.device == "17"
    assert said(sent.decoded) == {"ts": TS_MS, "lat": 1, "lon": 2, "accuracy_m": 9}


@pytest.mark.parametrize(
    ("query", "reason", "why"),
    [
        (b"id=T1&lat=1", "malformed", "lat and lon"),
        (b"id=T1&lat=nan&lon=2", "malformed", "not a number"),
        (b"id=T1&lat=1e999&lon=2", "malformed", "not a number"),
        (b"id=T1&lat=91&lon=2", "malformed", "$.lat"),
        (b"id=T1&lat=1&lon=2&timestamp=noon", "malformed", "timestamp"),
        (b"id=T1&lat=1&lon=2&speed=1e308&timestamp=1504763810", "malformed", "speed"),
        (b"id=T1&lat=1&lon=2&valid=false", "no_fix", "valid"),
    ],
)
def test_a_bad_fix_of_osmand_is_told_beside_its_sender(query: bytes, reason: str, why: str) -> None:
    sent = asked(query)

    assert sent.device == "T1"
    (bad,) = sent.decoded.bad
    assert bad.reason == reason
    assert why in bad.why


@pytest.mark.parametrize("query", [b"", b"lat=1&lon=2", b"id=", b"\xff\xfe=1"])
def test_without_a_sender_nothing_is_read(query: bytes) -> None:
    with pytest.raises(BadPositionError):
        asked(query)


# ---------------------------------------------------------------------------------- status


@pytest.mark.parametrize(
    ("payload", "is_online"), [(b"online", True), (b" Offline\n", False), (b"", None)]
)
def test_states_of_a_connection(payload: bytes, is_online: bool | None) -> None:
    assert read_status(payload, 500).is_status
    assert state_of(payload) is is_online


def test_an_answer_to_a_command_and_what_is_none() -> None:
    said_id = "0d9c7b9e-1111-4222-8333-444455556666"
    told = command_answer(json.dumps({"command": said_id, "result": "Failed"}).encode())

    assert (str(told.command), told.is_failure) == (said_id, True)
    for wrong in (b"maybe", b'{"command": "17"}', b"[]", b"\xff", b'{"result": "done"}'):
        with pytest.raises(BadPositionError):
            read_status(wrong, 500)


# ------------------------------------------------------------------------------------ fuzz

SEEDS: dict[str, list[bytes]] = {
    "owntracks": [CAPTURED, b'{"_type":"lwt","tst":1497349316}', b'{"_type":"cmd"}'],
    "teltonika": [
        json.dumps({"state": {"reported": REPORTED}}).encode(),
        json.dumps([REPORTED, REPORTED | {"evt": 247, "247": 3}]).encode(),
    ],
    "osmand": [QUERY, b"deviceid=T1&location=19.1,72.8&cell=404,70,1,2&cell=3"],
    "traccar": [json.dumps(TRACCAR).encode()],
    "status": [b"online", b'{"command":"0d9c7b9e-1111-4222-8333-444455556666","result":"done"}'],
}
SPLICES = [b"null", b"-1", b"1e999", b"NaN", b"{}", b"[[[[", b'"\\u0000"', b"\xff\xfe", b"%00"]


def mutated(rng: random.Random, seed: bytes) -> bytes:
    """Bits flipped, pieces cut, doubled, moved or replaced."""
    frame = bytearray(seed)
    for _ in range(rng.randint(1, 6)):
        at = rng.randint(0, len(frame))
        end = min(len(frame), at + rng.randint(0, 12))
        match rng.randint(0, 4):
            case 0 if frame:
                frame[min(at, len(frame) - 1)] = rng.randint(0, 255)
            case 1:
                del frame[at:end]
            case 2:
                frame[at:at] = frame[at:end]
            case 3:
                frame[at:end] = rng.choice(SPLICES)
            case _:
                frame[at:at] = rng.randbytes(rng.randint(0, 8))
    return bytes(frame)


def decoded_by(dialect: str, frame: bytes) -> Decoded:
    match dialect:
        case "owntracks":
            return owntracks.decode(frame, 500)
        case "teltonika":
            return teltonika(frame)
        case "osmand":
            return asked(frame).decoded
        case "traccar":
            return asked(content_type="application/json", body=frame).decoded
        case _:
            return read_status(frame, 500)


@pytest.mark.parametrize("dialect", SEEDS)
def test_ten_thousand_frames_are_each_read_or_refused_with_a_reason(dialect: str) -> None:
    rng = random.Random(dialect)  # noqa: S311 - the same each time
    taken = refused = 0
    for number in range(FRAMES):
        frame = mutated(rng, SEEDS[dialect][number % len(SEEDS[dialect])])
        try:
            decoded = decoded_by(dialect, frame)
        except BadPositionError as error:
            decoded = Decoded(bad=[Bad(frame, str(error), error.reason)])
            refused += 1
        else:
            taken += 1
        assert all(len(row) == len(FIELDS) for row in decoded.rows)
        assert all(bad.why and bad.reason for bad in decoded.bad)
        assert all(json.loads(body) is not None for body in decoded.extras.values())
    assert taken + refused == FRAMES
    assert taken > FRAMES // 100 < refused
