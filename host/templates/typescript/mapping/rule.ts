/** What is told to Accoil: who did what, some properties, and the account. */

import type { Event } from "./accoil.js";
import { type Choice, deliver, type Outcome, skip, told } from "./plugin.js";

export const name = "{{name}}";
export const version = "0.1.0";
export const summary = "Tells who did what, the properties that are set, and the account.";

/** What can be set, with defaults. Keep `settings.schema.json` like it: the host checks settings by that. */
export const defaults = { properties: ["plan"], group_type: "Account" };

export function map(settings: typeof defaults, event: Event, choice: Choice): Outcome {
  if (event.type.startsWith("$")) return skip("not an action");
  if (event.userId === null) return skip("missing user id");
  // The tenant's selector chooses, or else the first group of the type that is set is the account.
  const account = choice(event.candidates().filter((group) => group.type === settings.group_type));
  return deliver({
    userId: event.userId,
    event: event.type,
    timestamp: event.time,
    metadata: Object.fromEntries(settings.properties.map((name) => [name, event.property(name)])),
    groupTraits: account === null ? [] : [told(account)],
  });
}
