"""Joins `rule.py` to the contract. There is no need to change this file.

`wit_world` is made from `wit/` at each build; `componentize-py -d wit -w mapping-component bindings src` writes it for
editors.
"""

import json
from pathlib import Path

import rule
from accoil import Event, Group, read_bag, well_formed, write_bag
from answers import AccoilEvent, Deliver, Outcome, Reject, Skip
from wit_world import exports
from wit_world.imports import group_choice, types

# Read when the plugin is built: there are no files later.
SCHEMA = Path(__file__).with_name("settings.schema.json").read_text()


class Plugin(exports.Plugin):
    def describe(self) -> types.Description:
        return types.Description(rule.NAME, rule.VERSION, rule.SUMMARY, SCHEMA)


class Mapping(exports.Mapping):
    def transform(self, settings: str, events: list[types.Event]) -> list[types.Outcome]:
        read = {**rule.DEFAULTS, **json.loads(settings)}
        has_selector = group_choice.active()

        def outcome(index: int, event: types.Event) -> types.Outcome:
            choose = (lambda groups: ask_selector(index, groups)) if has_selector else first
            return written(rule.map_event(read, Event(event), choose))

        return [outcome(index, event) for index, event in enumerate(events)]


def first(candidates: list[Group]) -> Group | None:
    return candidates[0] if candidates else None


def ask_selector(index: int, candidates: list[Group]) -> Group | None:
    wire = [types.Group(group.id, group.type, write_bag(group.traits)) for group in candidates]
    match group_choice.choose(index, wire):
        case types.Selection_DefaultRule():
            return first(candidates)
        case types.Selection_Candidate(value):
            return candidates[value]
        case types.Selection_Custom(group):
            return Group(group.group_id, group.group_type, read_bag(group.traits))
    return None


def written(outcome: Outcome) -> types.Outcome:
    match outcome:
        case Deliver(events):
            return types.Outcome_Deliver([told(event) for event in events])
        case Skip(reason):
            return types.Outcome_Skip(reason)
        case Reject(reason):
            return types.Outcome_Reject(reason)


def told(event: AccoilEvent) -> types.AccoilEvent:
    groups = [types.GroupTraits(group.id, write_bag(traits(group))) for group in event.groups]
    user_id, name = (text if text is None else well_formed(text) for text in (event.user_id, event.event))
    return types.AccoilEvent(user_id, name, event.timestamp, write_bag(event.metadata), groups)


def traits(group: Group) -> dict[str, object]:
    return {**{name: value for name, value in group.traits.items() if value is not None}, "group_type": group.type}
