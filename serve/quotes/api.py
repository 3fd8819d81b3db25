"""/v1/quotes: what a load costs, line by line, before anybody books it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from serve.fields import ID_PATTERN, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.quotes import service
from serve.quotes.affected import affected
from serve.quotes.wire import AffectedBy, AffectedListOut, NewQuote, QuoteOut, RecomputedOut

router = APIRouter(tags=["quotes"])

QuotesReader = Annotated[Principal, needs(Permission.QUOTES_READ)]
QuotesWriter = Annotated[Principal, needs(Permission.QUOTES_WRITE)]
QuotesComparer = Annotated[Principal, needs(Permission.QUOTES_COMPARE)]


@router.post("/v1/quotes", status_code=HTTPStatus.CREATED)
async def create_quote(
    new: NewQuote, gateway: Opened, who: QuotesWriter, response: Response
) -> QuoteOut:
    """A price that holds until it expires, signed, with the sum behind every line."""
    quote = await service.create(gateway, who, new)
    response.headers["Location"] = f"/v1/quotes/{quote.id}"
    return quote


@router.get("/v1/quotes")
async def list_quotes(
    gateway: Opened,
    who: QuotesReader,
    page: Paged,
    shipper: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
) -> ListOf[QuoteOut]:
    """The newest first; who speaks for one shipper sees that one's."""
    return await service.list_page(gateway, who, page, shipper)


@router.get("/v1/quotes/{id}")
async def get_quote(quote_id: PathId, gateway: Opened, who: QuotesReader) -> QuoteOut:
    return await service.get(gateway, who, quote_id)


@router.post("/v1/quotes/{id}/recompute")
async def recompute_quote(quote_id: PathId, gateway: Opened, who: QuotesReader) -> RecomputedOut:
    """From what was kept with it: rates, facts and request. Nothing is changed."""
    return await service.recompute(gateway, who, quote_id)


@router.post("/v1/quotes/affected")
async def list_affected_quotes(
    asked: AffectedBy, gateway: Opened, who: QuotesComparer
) -> AffectedListOut:
    """Quotes that the rates of now, back-dated as they may be, price otherwise than they were."""
    return await affected(gateway, who, asked)
