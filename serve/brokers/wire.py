"""What brokers ask and how they want it answered: EMQX's and mosquitto-go-auth's own forms."""

from __future__ import annotations

from enum import IntFlag
from typing import Literal

from pydantic import BaseModel, ConfigDict

from serve.brokers.door import Act, Client


class Asked(BaseModel):
    """Brokers leave out or send null for what a client did not say, and may send more."""

    model_config = ConfigDict(extra="ignore")

    username: str | None = None
    clientid: str | None = None
    # EMQX only, and only if its configuration names it.
    peerhost: str | None = None

    @property
    def client(self) -> Client:
        return Client(self.username or "", self.clientid or "", self.peerhost or "")


class SignIn(Asked):
    password: str | None = None


class EmqxAct(Asked):
    topic: str
    action: Literal["publish", "subscribe"]

    @property
    def act(self) -> Act:
        return Act(self.action)


class EmqxAnswer(BaseModel):
    """Any other status than 200 would mean: ask somebody else."""

    result: Literal["allow", "deny"]
    is_superuser: bool = False

    @classmethod
    def of(cls, is_allowed: bool) -> EmqxAnswer:
        return cls(result="allow" if is_allowed else "deny")


class Access(IntFlag):
    READ = 1
    WRITE = 2
    SUBSCRIBE = 4


class GoAuthAct(Asked):
    topic: str
    acc: int

    @property
    def acts(self) -> list[Act]:
        """All of what is asked must be allowed."""
        acts = {Access.READ: Act.READ, Access.WRITE: Act.PUBLISH, Access.SUBSCRIBE: Act.SUBSCRIBE}
        return [act for access, act in acts.items() if self.acc & access]


class GoAuthAnswer(BaseModel):
    """For its response mode `json`; in mode `status` the status alone counts."""

    Ok: bool
    Error: str = ""
