"""What a rule is written with: events and groups whose JSON has been read. There is no need to change this file."""

import json
import random
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

Bag = dict[str, Any]
"""A JSON object."""


class Event:
    """A product analytics event in canonical form. JSON is read when it is first asked for."""

    def __init__(self, wire: Any) -> None:
        self._wire = wire
        self.id: str = wire.id
        """`insert_id`, else `uuid`, else an id that the host gave it."""
        self.type: str = wire.event_type
        """The event's name, never empty. Amplitude's own begin with `$`."""
        self.user_id: str | None = wire.user_id
        self.device_id: str | None = wire.device_id
        self.time: str | None = wire.time
        """When it happened, such as `2026-11-24T08:00:46.123Z`."""

    @cached_property
    def event_properties(self) -> Bag:
        return read_bag(self._wire.event_properties)

    @cached_property
    def user_properties(self) -> Bag:
        """In `$identify` events those that stand alone, those under `$setOnce` and those under `$set`: the last counts."""
        bag = read_bag(self._wire.user_properties)
        if self.type != "$identify":
            return bag
        alone = {name: value for name, value in bag.items() if not name.startswith("$")}
        return {**alone, **as_bag(bag.get("$setOnce")), **as_bag(bag.get("$set"))}

    @cached_property
    def group_properties(self) -> Bag:
        return read_bag(self._wire.group_properties)

    @cached_property
    def attributes(self) -> Bag:
        """Every other field of the event: `platform`, `country`, `revenue` and so on."""
        return read_bag(self._wire.attributes)

    def properties(self, names: list[str]) -> Bag:
        """The properties with these names: of the event, else of the user, else other fields; those that there are."""
        bags = (self.event_properties, self.user_properties, self.attributes)
        found = ((name, next((bag for bag in bags if name in bag), None)) for name in names)
        return {name: bag[name] for name, bag in found if bag is not None}

    def candidates(self) -> list["Group"]:
        """The groups that the event names, each once, in the order of the default mapping without settings: ascending
        by id, then by type. None if the event has no `groups` or no `group_properties`."""
        if not self._wire.group_properties.startswith("{"):
            return []
        found: dict[tuple[str, str], Group] = {}
        # Ids may be numbers. They are taken as they stand in the text.
        for type, ids in read_bag(self._wire.groups, parse_int=str, parse_float=str).items():
            for id in ids if isinstance(ids, list) else [ids]:
                if isinstance(id, str) and id:
                    found[id, type] = Group(id, type, as_bag(as_bag(self.group_properties.get(type)).get(id)))
        return sorted(found.values(), key=lambda group: (group.id, group.type))


@dataclass(eq=False)
class Group:
    """A group of which an event's user is a member."""

    id: str
    type: str
    traits: Bag = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.id = well_formed(self.id)
        self.type = well_formed(self.type)


def read_bag(text: str, **options: Any) -> Bag:
    """Reads a JSON object; anything else is an empty one."""
    return as_bag(json.loads(text, **options))


def write_bag(bag: Bag) -> str:
    """Writes a JSON object. Infinities and what is not a number are refused, for JSON has no text for them."""
    text = json.dumps(bag, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Half of a surrogate pair stays what it was: an escape.
    return text.encode(errors="backslashreplace").decode()


def well_formed(text: str) -> str:
    """The text, with U+FFFD for halves of surrogate pairs: JSON may hold them, but no text that crosses to the host can."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def as_bag(value: Any) -> Bag:
    return value if isinstance(value, dict) else {}


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError("there is no randomness in a plugin")


# A plugin's answer depends on its arguments alone, and this module would begin with a seed of the build. Clocks,
# `os.urandom` and files are not there either: what asks for them traps. `random.Random(seed)` is there.
for _name in random.__all__:
    if not isinstance(getattr(random, _name), type):
        setattr(random, _name, _refuse)
