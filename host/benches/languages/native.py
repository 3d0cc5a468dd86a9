"""Calls a plugin as the host does, and prints microseconds an event: python3 native.py BINDINGS SOURCES EVENTS.json"""

import json
import re
import sys
import time

bindings, sources, file = sys.argv[1:]
sys.path[:0] = [bindings, sources]

import plugin  # noqa: E402
import wit_world.imports as host  # noqa: E402
from wit_world.imports import types  # noqa: E402

with open(file) as text:
    records = json.load(text)
snake = {name: re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name) for name in records[0]}
events = [types.Event(**{snake[name]: value for name, value in record.items()}) for record in records]


def candidates(event):
    """As the default mapping gives them to a selector."""
    properties = json.loads(event.group_properties) or {}
    groups = (json.loads(event.groups) or {}).items()
    pairs = [(id, kind) for kind, ids in groups for id in (ids if isinstance(ids, list) else [ids])]
    traits = {(id, kind): json.dumps(properties.get(kind, {}).get(id, {})) for id, kind in pairs}
    return [types.Group(id, kind, traits[id, kind]) for id, kind in sorted(pairs)]


if hasattr(plugin, "Mapping"):
    # What the host offers is not there: there is no selector.
    host.group_choice.active = lambda: False

    def batch():
        plugin.Mapping().transform("{}", events)

else:
    selector, offered = plugin.GroupSelection(), [candidates(event) for event in events]

    def batch():
        for event, groups in zip(events, offered):
            selector.select("{}", event, groups)


best = float("inf")
for _ in range(20):
    start = time.perf_counter()
    batch()
    best = min(best, time.perf_counter() - start)
print(best * 1e6 / len(events))
