"""Which group is the account: the one deepest in the hierarchy, else the one that the default rule chooses."""

from accoil import Bag, Event, Group
from answers import DEFAULT_RULE, Selection

NAME = "most-specific-group"
VERSION = "1.0.0"
SUMMARY = "Prefers the group that has the most groups above it."

# What can be set, with defaults. Keep `settings.schema.json` like it: the host checks settings by that.
DEFAULTS = {"parent_trait": "parent_group_id"}


def select(settings: Bag, event: Event, candidates: list[Group]) -> Selection:
    parents = {group.id: group.traits.get(settings["parent_trait"]) for group in candidates}

    def depth(group: Group) -> int:
        above: set[str] = set()
        parent = parents[group.id]
        # A group that is above itself would go round for ever.
        while parent not in (None, "") and str(parent) not in above | {group.id}:
            above.add(str(parent))
            parent = parents.get(str(parent))
        return len(above)

    # Of several that are as deep, `max` gives the first.
    deepest = max(candidates, key=depth, default=None)
    return deepest if deepest is not None and depth(deepest) > 0 else DEFAULT_RULE
