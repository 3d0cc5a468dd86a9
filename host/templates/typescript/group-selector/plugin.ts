/** Joins `rule.ts` to the contract. There is no need to change this file. */

import { Event, Group } from "./accoil.js";
import type { Description, WireEvent, WireGroup, WireSelection } from "./contract.js";
import { defaults, name, select, summary, version } from "./rule.js";
import schema from "./settings.schema.json";

/**
 * The answer of a rule: the mapping decides (`default-rule`), the event belongs to no account (`none`), or this group is
 * the account: one of the candidates, or a new `Group` that is not among them.
 */
export type Selection = "default-rule" | "none" | Group;

// What the world `group-selector` exports, by the names of its interfaces.

export const plugin = {
  describe(): Description {
    return { name, version, summary, settingsSchema: JSON.stringify(schema) };
  },
};

export const groupSelection = {
  select(settings: string, event: WireEvent, candidates: WireGroup[]): WireSelection {
    const groups = candidates.map(Group.read);
    const selection = select({ ...defaults, ...JSON.parse(settings) }, new Event(event), groups);
    if (typeof selection === "string") return { tag: selection };
    const index = groups.indexOf(selection);
    return index < 0 ? { tag: "custom", val: selection.write() } : { tag: "candidate", val: index };
  },
};
