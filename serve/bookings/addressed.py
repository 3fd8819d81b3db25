"""A booking that is to be changed, as every change of an object is told, and the telling itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response

from freight.booking.commands import Command
from serve import addressed
from serve.bookings import service
from serve.bookings.answers import BookingOut
from serve.bookings.service import Wish
from serve.fields import PathId
from serve.identity.access import Opened
from serve.identity.principal import Principal
from serve.versions import Expected


class Addressed(addressed.Addressed):
    async def tell(self, who: Principal, action: str, command: Command) -> BookingOut:
        wish = Wish(self.id, action, command, self.expected)
        return self.tagged(await service.tell(self.gateway, who, wish))


async def to_booking(
    booking_id: PathId, gateway: Opened, expected: Expected, response: Response
) -> Addressed:
    return Addressed(booking_id, gateway, expected, response)


# Behind the caller in a route, so that who may not change it is told that first.
To = Annotated[Addressed, Depends(to_booking)]
