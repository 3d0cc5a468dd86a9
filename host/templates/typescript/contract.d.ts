/**
 * The contract in TypeScript: what crosses between host and plugin. `wit/event-stream.wit` explains every field. A rule
 * sees it through `accoil.ts`, which reads the JSON texts.
 */

/** An event as the host gives it. The last five are JSON texts. */
export interface WireEvent {
  id: string;
  eventType: string;
  userId: string | null;
  deviceId: string | null;
  time: string | null;
  eventProperties: string;
  userProperties: string;
  groups: string;
  groupProperties: string;
  attributes: string;
}

/** A group. `traits` is the text of a JSON object. */
export interface WireGroup {
  groupId: string;
  groupType: string;
  traits: string;
}

/** What to tell Accoil because of one event. `metadata` and `traits` are texts of JSON objects. */
export interface WireAccoilEvent {
  userId: string | null;
  event: string | null;
  timestamp: string | null;
  metadata: string;
  groupTraits: { groupId: string; traits: string }[];
}

/** What becomes of one event. */
export type WireOutcome =
  | { tag: "deliver"; val: WireAccoilEvent[] }
  | { tag: "skip"; val: string }
  | { tag: "reject"; val: string };

/** The answer of a group selector. */
export type WireSelection =
  | { tag: "default-rule" }
  | { tag: "none" }
  | { tag: "candidate"; val: number }
  | { tag: "custom"; val: WireGroup };

/** What a plugin says about itself. */
export interface Description {
  name: string;
  version: string;
  summary: string;
  settingsSchema: string;
}
