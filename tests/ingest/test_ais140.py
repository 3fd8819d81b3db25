"""AIS-140: captured packets of several vendors decode to what they say; logins are answered."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.policy import policy
from config.sections.dialects import Ais140Profile
from ingest.decode.ais140 import Ais140Stream
from ingest.decode.ais140_fields import time_of
from ingest.decode.stream import Given, Kind
from tests.ingest.frames import (
    AIS140_EMERGENCY,
    AIS140_EMERGENCY_OVER,
    AIS140_GPSBOX,
    AIS140_HEALTH,
    AIS140_LOGIN,
    AIS140_NORMAL,
    AIS140_RLP,
    AIS140_SAT,
    AIS140_SPLIT_TIME,
    BYTES_MAX,
    NOW,
    ais140,
    extra,
    said_by,
    values,
)

NOW_MS = int(NOW.timestamp() * 1000)


def test_a_normal_packet_as_captured() -> None:
    (said,) = ais140(AIS140_NORMAL + b"\r\n")

    assert (said.kind, said.unique_id) == (Kind.FIXES, "869867036345389")
    assert values(said) == {
        "ts": 1551071836000,  # 25 February 2019, 05:17:16 UTC
        "lat": 25.12891,
        "lon": 75.85587833,
        "speed_kmh": 7.6,
        "heading_deg": 350.0,
        "altitude_m": 284.8,
        "hdop": 1.0,
        "external_v": 28.0,
        "battery_v": 4.2,
        "satellites": 14,
        "ignition": True,
        "seq": 551,
    }
    kept = extra(said)
    assert (kept["vendor"], kept["type"], kept["status"], kept["operator"]) == (
        *("ROADRPA", "NR", "L", "AIRTEL"),
    )
    assert (kept["inputs"], kept["outputs"], kept["lac"], kept["cell"]) == (
        *("0000", "00", "4E3B", "3C84"),
    )
    assert "checksum" not in kept
    assert kept["profile"] == "roadpoint-1"


def test_a_wrong_checksum_is_marked_and_by_the_profile_rejected() -> None:
    spoilt = AIS140_NORMAL.replace(b",7.6,", b",8.6,")
    (marked,) = ais140(spoilt + b"\n")
    dialects = policy().dialects
    strict = [p.model_copy(update={"checksum_wrong": "reject"}) for p in dialects.ais140.profiles]
    rules = dialects.model_copy(
        update={"ais140": dialects.ais140.model_copy(update={"profiles": tuple(strict)})}
    )
    stream = Ais140Stream(BYTES_MAX)
    stream.feed(spoilt + b"\n")
    rejected = stream.next(Given(rules, NOW))

    assert extra(marked)["checksum"] == "wrong"
    assert rejected is not None
    assert (rejected.kind, rejected.decoded.bad[0].reason) == (Kind.UNREADABLE, "checksum")


def test_date_and_time_in_six_fields_and_the_tamper_alarm() -> None:
    (said,) = ais140(AIS140_SPLIT_TIME + b"\r\n")

    told = values(said)
    assert told["ts"] // 1000 == 1542012788  # 12 November 2018, 08:53:08 UTC
    assert (told["lat"], told["lon"], told["alarm"]) == (18.489645, 73.855972, "tamper")


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (
            AIS140_RLP,  # the flag of the fix behind the time
            {"ts": 1586897306000, "lat": 28.593055, "odometer_km": 1076.9, "seq": 150689},
        ),
        (
            AIS140_GPSBOX,  # no alert id, a year of two digits
            {"ts": 1558497259000, "lat": 28.6291409, "speed_kmh": 15.2, "seq": 348},
        ),
        (
            AIS140_SAT,  # no tamper field
            {"ts": 1558929754000, "lon": 76.927879, "battery_v": 3.8, "seq": 91},
        ),
    ],
)
def test_vendors_differ(packet: bytes, expected: dict[str, object]) -> None:
    (said,) = ais140(packet + b"\r\n")

    assert expected.items() <= values(said).items()


def test_an_emergency_is_a_panic_even_without_a_fix() -> None:
    (said,) = ais140(AIS140_EMERGENCY)

    told = values(said)
    assert (told["alarm"], told["satellites"]) == ("panic", 0)
    assert told["ts"] // 1000 == 1554319208  # 3 April 2019, 19:20:08 UTC
    assert extra(said)["valid"] is False
    assert "checksum" not in extra(said)


def test_an_emergency_without_a_clock_happened_now() -> None:
    packet = AIS140_EMERGENCY.replace(b"03042019,192008", b"00000000,000000")

    (said,) = ais140(packet)

    assert values(said)["ts"] // 1000 == NOW_MS // 1000
    assert extra(said)["time"] == "00000000000000"


def test_the_end_of_an_emergency_is_no_alarm() -> None:
    (said,) = ais140(AIS140_EMERGENCY_OVER)

    assert values(said) == {
        "ts": 1594725620000,  # 14 July 2020, 11:20:20 UTC
        "lat": 28.359959,
        "lon": 76.927566,
        "altitude_m": 260.93,
        "speed_kmh": 0.1,
    }
    assert extra(said)["what"] == "SEM"


@pytest.mark.parametrize(
    ("packet", "imei", "reply"),
    [
        (AIS140_LOGIN, "866772041471415", b"$LGN21112026063005*"),
        (
            b"$Header,iTriangle,KA01G1234,864495034476850,1_36T02B0164MAIS_6,AIS140,12.976347,N,"
            b"77.549400,E*1C",
            "864495034476850",
            b"$LGN21112026063005*",
        ),
        (
            b"$,LGN,MARK,000000000,358980100077446,V0.0.1,AIS140,19.804487,N,75.225876,E,*",
            "358980100077446",
            b"$LGN21112026063005*",
        ),
        (b"$,01,XYZ123,0.0.1,861359034137271,MH12AB1234,\r\n", "861359034137271", b"$,1,*"),
    ],
)
def test_logins(packet: bytes, imei: str, reply: bytes) -> None:
    (said,) = ais140(packet)

    assert (said.kind, said.unique_id, said.reply) == (Kind.LOGIN, imei, reply)


def test_health_is_kept_for_the_next_fix() -> None:
    (said,) = ais140(AIS140_HEALTH)

    assert (said.kind, said.unique_id) == (Kind.STATUS, "869247046143589")
    assert said.aside["health"] == {
        "battery_pct": 100,
        "low_battery_pct": 30,
        "memory_pct": 0,
        "interval_on_s": 10,
        "interval_off_s": 60,
        "inputs": "1000",
        "analog1": 0.4,
        "analog2": 0.4,
    }


def test_a_changed_setting_is_kept_for_the_next_fix() -> None:
    (said,) = ais140(b"$,PC,12,861359034137271,1,9198440,12112018,085308,URE:30,*")

    assert (said.kind, said.unique_id) == (Kind.STATUS, "861359034137271")
    assert said.aside["notice"][-2] == "URE:30"


def test_a_heartbeat_is_answered() -> None:
    (said,) = ais140(b"$,HBT,*")

    assert (said.kind, said.reply) == (Kind.STATUS, b"$HBT*")


@pytest.mark.parametrize(
    ("digits", "iso"),
    [
        ("25022019051716", "2019-02-25T05:17:16+00:00"),
        ("20190225051716", "2019-02-25T05:17:16+00:00"),
        ("250219051716", "2019-02-25T05:17:16+00:00"),
        ("00000000000000", None),
        ("31022019051716", None),
        ("2502", None),
    ],
)
def test_dates_in_every_order(digits: str, iso: str | None) -> None:
    moment = time_of(digits)

    assert (None if moment is None else moment.isoformat()) == iso


@pytest.mark.parametrize(
    ("packet", "reason", "why"),
    [
        (AIS140_NORMAL.replace(b",1,25022019", b",0,25022019"), "no_fix", "no fix"),
        (AIS140_NORMAL.replace(b"25022019", b"31022019"), "malformed", "is not a time"),
        (AIS140_NORMAL.replace(b"25.12891000", b"95.12891000"), "malformed", "$.lat"),
        (AIS140_NORMAL.replace(b",7.6,", b",fast,"), "malformed", "speed: 'fast'"),
        (AIS140_NORMAL[:80], "malformed", "before its position"),
        (AIS140_NORMAL.replace(b"869867036345389", b"x"), "malformed", "neither a login"),
        (b"$\xff\xfe", "malformed", "not ASCII"),
        (b"hello", "malformed", "no packet begins here"),
    ],
)
def test_what_cannot_be_taken_says_why(packet: bytes, reason: str, why: str) -> None:
    (said,) = ais140(packet + b"\r\n")

    (bad,) = said.decoded.bad
    assert (bad.reason, said.decoded.rows) == (reason, [])
    assert why in bad.why
    assert bad.raw


def test_two_packets_in_one_segment_and_rubbish_between() -> None:
    first, rubbish, second = ais140(AIS140_NORMAL + b"\r\nrubbish" + AIS140_LOGIN)

    assert (first.kind, rubbish.kind, second.kind) == (Kind.FIXES, Kind.UNREADABLE, Kind.LOGIN)


def test_a_packet_that_only_has_a_star_ends_when_it_is_quiet() -> None:
    stream = Ais140Stream(BYTES_MAX)
    stream.feed(AIS140_HEALTH)
    given = Given(policy().dialects, NOW)

    assert stream.next(given) is None, "a checksum may follow"
    assert [one.kind for one in said_by(stream, b"")] == [Kind.STATUS]
    assert said_by(stream, b"1C\r\n", AIS140_LOGIN)[0].kind is Kind.LOGIN, "a late checksum is none"


def test_a_packet_without_an_end_is_rejected_at_the_limit() -> None:
    (said,) = ais140(b"$NRM," + b"x" * BYTES_MAX)

    assert said.decoded.bad[0].reason == "too_large"


def test_a_profile_without_a_position_is_refused() -> None:
    good = policy().dialects.ais140.profiles[0].model_dump()
    late = [name for name in good["position"] if name != "time"] + ["time"]

    with pytest.raises(ValidationError, match="before it also time"):
        Ais140Profile.model_validate(good | {"position": late})
    with pytest.raises(ValidationError, match="not a regular expression"):
        Ais140Profile.model_validate(good | {"match": "("})
