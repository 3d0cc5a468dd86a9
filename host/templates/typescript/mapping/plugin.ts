/** Joins `rule.ts` to the contract. There is no need to change this file. */

import groupChoice from "accoil:event-stream/group-choice@1.0.0";

import { type Bag, Event, Group } from "./accoil.js";
import type { Description, WireAccoilEvent, WireEvent, WireOutcome } from "./contract.js";
import { defaults, map, name, summary, version } from "./rule.js";
import schema from "./settings.schema.json";

/** What to tell Accoil because of one event. Members of bags that are undefined are left out. */
export interface AccoilEvent {
  userId: string | null;
  event: string | null;
  timestamp: string | null;
  metadata: Bag;
  groupTraits: { groupId: string; traits: Bag }[];
}

/** What becomes of one event: see `deliver`, `skip` and `reject`. */
export type Outcome = WireOutcome;

/** Finds the account among candidates: the one that the tenant's selector says, or else the first. */
export type Choice = (candidates: Group[]) => Group | null;

/** Tells Accoil these. */
export function deliver(...events: AccoilEvent[]): Outcome {
  return { tag: "deliver", val: events.map(write) };
}

/** By rule this event is not for Accoil. It is counted by the reason, so keep the number of different ones small. */
export function skip(reason: string): Outcome {
  return { tag: "skip", val: reason };
}

/** The event is broken: it is kept for a person to look at, never sent and never dropped. */
export function reject(reason: string): Outcome {
  return { tag: "reject", val: reason };
}

/** What is told of a group: its traits that are not null, and its type. */
export function told(group: Group): { groupId: string; traits: Bag } {
  const traits = Object.entries(group.traits).filter(([, value]) => value !== null);
  return { groupId: group.id, traits: Object.fromEntries([...traits, ["group_type", group.type]]) };
}

function write({ userId, event, timestamp, metadata, groupTraits }: AccoilEvent): WireAccoilEvent {
  return {
    userId: userId?.toWellFormed() ?? null,
    event: event?.toWellFormed() ?? null,
    timestamp,
    metadata: JSON.stringify(metadata),
    groupTraits: groupTraits.map(({ groupId, traits }) => {
      return { groupId: groupId.toWellFormed(), traits: JSON.stringify(traits) };
    }),
  };
}

function choose(eventIndex: number, candidates: Group[]): Group | null {
  const selection = groupChoice.choose(eventIndex, candidates.map((group) => group.write()));
  switch (selection.tag) {
    case "default-rule":
      return candidates[0] ?? null;
    case "none":
      return null;
    case "candidate":
      return candidates[selection.val] ?? null;
    case "custom":
      return Group.read(selection.val);
  }
}

// What the world `mapping-component` exports, by the names of its interfaces.

export const plugin = {
  describe(): Description {
    return { name, version, summary, settingsSchema: JSON.stringify(schema) };
  },
};

export const mapping = {
  transform(settings: string, events: WireEvent[]): WireOutcome[] {
    const read = { ...defaults, ...JSON.parse(settings) };
    const hasSelector = groupChoice.active();
    return events.map((event, index) =>
      map(read, new Event(event), (candidates) =>
        hasSelector ? choose(index, candidates) : (candidates[0] ?? null),
      ),
    );
  },
};
