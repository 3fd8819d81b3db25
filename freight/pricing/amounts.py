"""How amounts, shares and names are bounded wherever a price is configured."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

WHOLE_BP = 10_000
KG_PER_T = 1000
M_PER_KM = 1000  # fixed: what the words mean

# So that no product of a weight, a way and a rate leaves what the database counts in.
Paise = Annotated[int, Field(ge=0, le=10**9)]
Bp = Annotated[int, Field(ge=0, le=100 * WHOLE_BP)]
ShareBp = Annotated[int, Field(ge=0, le=WHOLE_BP)]
PaisePerL = Annotated[int, Field(gt=0, le=10**6)]

Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
GstState = Annotated[str, Field(pattern=r"^[0-9]{2}$")]
# In maps by truck class or state: whoever is not named.
OTHERS = "others"
