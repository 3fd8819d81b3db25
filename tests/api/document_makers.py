"""Makes documents with links to them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tests.freight.documents.pictures import jpeg

if TYPE_CHECKING:
    from tests.api.makers import Made, World

# Such as a mill's; what else it says is nobody's business here.
LOAD = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [
        {"kind": "pickup", "place": {"lat": 28.6, "lon": 77.2}},
        {"kind": "drop", "place": {"lat": 26.9, "lon": 75.8}},
    ],
}


async def upload(world: World) -> Made:
    """About a booking, with a link to it."""
    booked = await world.owner.ask("POST", "/v1/bookings", json=LOAD)
    asked = {"kind": "pod", "booking": booked.json()["id"]}
    content = jpeg(comment=secrets.token_hex(8).encode())
    files = {"file": ("pod.jpg", content, "image/jpeg")}
    answer = await world.owner.ask("POST", "/v1/documents", files=files, data=asked)
    assert answer.is_success, answer.text
    made = answer.json()["id"]
    shared = await world.owner.ask("POST", f"/v1/documents/{made}/links", json={})
    link = shared.json()
    return {"id": made, "link_id": link["id"], "token": link["path"].rpartition("/")[2]}


MAKERS = {"/v1/documents/{id}": upload, "/v1/shared-documents/{token}": upload}
