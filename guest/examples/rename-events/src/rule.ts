/** What is told to Accoil: who did what, by the names of a table. */

import type { Event } from "./accoil.js";
import { type Choice, deliver, type Outcome, skip, told } from "./plugin.js";

export const name = "rename-events";
export const version = "1.0.0";
export const summary = "Tells events by the names of a table.";

/** What can be set, with defaults. Keep `settings.schema.json` like it: the host checks settings by that. */
export const defaults = { names: {} as Record<string, string>, unlisted: "keep", properties: [] as string[] };

export function map(settings: typeof defaults, event: Event, choice: Choice): Outcome {
  if (event.type === "$groupidentify") return skip("not about a user");
  if (event.userId === null) return skip("missing user id");
  const isAction = event.type !== "$identify";
  const isListed = Object.hasOwn(settings.names, event.type);
  if (isAction && !isListed && settings.unlisted === "skip") return skip("event not in the table");
  const account = choice(event.candidates());
  return deliver({
    userId: event.userId,
    event: isAction ? (isListed ? settings.names[event.type]! : event.type) : null,
    timestamp: event.time,
    metadata: Object.fromEntries(settings.properties.map((name) => [name, event.property(name)])),
    groupTraits: account === null ? [] : [told(account)],
  });
}
