"""Which group is the account: the first one that pays, else the one that the default rule chooses."""

from accoil import Bag, Event, Group
from answers import DEFAULT_RULE, Selection

NAME = "{{name}}"
VERSION = "0.1.0"
SUMMARY = "Prefers the first group whose plan is not free."

# What can be set, with defaults. Keep `settings.schema.json` like it: the host checks settings by that.
DEFAULTS = {"trait": "plan", "free_value": "free"}


def select(settings: Bag, event: Event, candidates: list[Group]) -> Selection:
    for group in candidates:
        plan = group.traits.get(settings["trait"])
        if isinstance(plan, str) and plan != settings["free_value"]:
            return group
    return DEFAULT_RULE
