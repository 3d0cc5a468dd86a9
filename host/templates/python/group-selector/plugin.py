"""Joins `rule.py` to the contract. There is no need to change this file.

`wit_world` is made from `wit/` at each build; `componentize-py -d wit -w group-selector bindings src` writes it for editors.
"""

import json
from pathlib import Path

import rule
from accoil import Event, Group, read_bag, write_bag
from answers import Answer
from wit_world import exports
from wit_world.imports import types

# Read when the plugin is built: there are no files later.
SCHEMA = Path(__file__).with_name("settings.schema.json").read_text()


class Plugin(exports.Plugin):
    def describe(self) -> types.Description:
        return types.Description(rule.NAME, rule.VERSION, rule.SUMMARY, SCHEMA)


class GroupSelection(exports.GroupSelection):
    def select(self, settings: str, event: types.Event, candidates: list[types.Group]) -> types.Selection:
        groups = [Group(group.group_id, group.group_type, read_bag(group.traits)) for group in candidates]
        selection = rule.select({**rule.DEFAULTS, **json.loads(settings)}, Event(event), groups)
        match selection:
            case Answer.DEFAULT_RULE:
                return types.Selection_DefaultRule()
            case Answer.NO_ACCOUNT:
                return types.Selection_None_()
        for index, group in enumerate(groups):
            if group is selection:
                return types.Selection_Candidate(index)
        return types.Selection_Custom(types.Group(selection.id, selection.type, write_bag(selection.traits)))
