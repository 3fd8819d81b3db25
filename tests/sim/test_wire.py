"""What simulated devices send is what the ingest reads."""

from __future__ import annotations

import json

import numpy as np

from config.policy import policy
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, Alarm
from geo.roads import read_roads
from ingest.decode.native import decode
from ingest.messages import Address, Line, Message
from ingest.windows import Window, WindowReader
from sim.scenario import scenario
from sim.wire import encode_fixes, message

START_MS = 1_760_000_000_000
SOMEBODY = Address("demo", "T1", 1, 1, 0)


def read(payload: bytes) -> Window:
    reader = WindowReader(lambda _topic: Line(SOMEBODY, decode), policy().ingest.admission)
    return reader.read([Message(1, "a topic", payload, START_MS)], START_MS)


def test_the_ingest_reads_every_value_back() -> None:
    fixes = scenario(
        read_roads(),
        policy().simulation,
        trucks=50,
        rate_hz=0.2,
        seed=5,
        start_ms=START_MS,
        duration_s=30,
    ).fixes
    fixes["alarm"][0] = int(Alarm.PANIC)

    window = read(message(encode_fixes(fixes)))

    assert (window.refused, window.by_shard[0].extras) == ([], {})
    assert window.receipts == {SOMEBODY: fixes["ts_ms"].tolist()}
    for name in set(FIX_DTYPE.names or ()) - {"tenant_key", "truck_key", "received_ms"}:
        stored = window.by_shard[0].fixes[name]
        assert np.allclose(stored, fixes[name], atol=1e-5, equal_nan=True), name


def test_missing_values_are_left_out_and_one_fix_is_an_object() -> None:
    fixes = np.zeros(1, dtype=FIX_DTYPE)
    for name in FIX_DTYPE.names or ():
        if FIX_DTYPE[name].kind == "f":
            fixes[name] = np.nan
    fixes["ts_ms"], fixes["lat"], fixes["lon"] = 1_760_000_000_000, 19.0, 72.8
    fixes["seq"], fixes["satellites"] = MISSING_INT64, MISSING_INT16
    fixes["ignition"] = fixes["alarm"] = MISSING_INT8

    body = message(encode_fixes(fixes, ack=False))

    assert json.loads(body) == {"ts": 1_760_000_000_000, "lat": 19.0, "lon": 72.8}
