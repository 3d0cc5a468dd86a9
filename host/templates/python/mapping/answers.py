"""What a mapping can answer. There is no need to change this file."""

from dataclasses import dataclass, field

from accoil import Bag, Group


@dataclass
class AccoilEvent:
    """What to tell Accoil because of one event."""

    user_id: str | None
    event: str | None
    timestamp: str | None
    metadata: Bag = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    """The first one is the account of the user. Traits that are None are left out."""


@dataclass
class Deliver:
    """Tell Accoil these."""

    events: list[AccoilEvent]


@dataclass
class Skip:
    """By rule this event is not for Accoil. It is counted by the reason, so keep the number of different ones small."""

    reason: str


@dataclass
class Reject:
    """The event is broken: it is kept for a person to look at, never sent and never dropped."""

    reason: str


Outcome = Deliver | Skip | Reject
