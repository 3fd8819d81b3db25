"""What every change of a booking is told with: which one, at which version, and where to answer."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import Depends, Response

from freight.booking.commands import Command
from serve.bookings import service
from serve.bookings.answers import BookingOut
from serve.bookings.service import Wish
from serve.fields import PathId
from serve.gateway import Gateway
from serve.identity.access import Opened
from serve.identity.principal import Principal
from serve.versions import Expected, tagged


@dataclasses.dataclass(frozen=True, slots=True)
class Addressed:
    booking: str
    gateway: Gateway
    expected: int | None
    response: Response

    async def tell(self, who: Principal, action: str, command: Command) -> BookingOut:
        wish = Wish(self.booking, action, command, self.expected)
        return self.tagged(await service.tell(self.gateway, who, wish))

    def tagged(self, booking: BookingOut) -> BookingOut:
        return tagged(self.response, booking)


async def addressed(
    booking_id: PathId, gateway: Opened, expected: Expected, response: Response
) -> Addressed:
    return Addressed(booking_id, gateway, expected, response)


# Behind the caller in a route, so that who may not change it is told that first.
To = Annotated[Addressed, Depends(addressed)]
