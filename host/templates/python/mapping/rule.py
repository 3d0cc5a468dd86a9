"""What is told to Accoil: who did what, some properties, and the account."""

from collections.abc import Callable

from accoil import Bag, Event, Group
from answers import AccoilEvent, Deliver, Outcome, Skip

NAME = "{{name}}"
VERSION = "0.1.0"
SUMMARY = "Tells who did what, the properties that are set, and the account."

# What can be set, with defaults. Keep `settings.schema.json` like it: the host checks settings by that.
DEFAULTS = {"properties": ["plan"], "group_type": "Account"}


def map_event(settings: Bag, event: Event, choose: Callable[[list[Group]], Group | None]) -> Outcome:
    if event.type.startswith("$"):
        return Skip("not an action")
    if event.user_id is None:
        return Skip("missing user id")
    # The tenant's selector chooses, or else the first group of the type that is set is the account.
    account = choose([group for group in event.candidates() if group.type == settings["group_type"]])
    return Deliver(
        [
            AccoilEvent(
                user_id=event.user_id,
                event=event.type,
                timestamp=event.time,
                metadata=event.properties(settings["properties"]),
                groups=[] if account is None else [account],
            )
        ]
    )
