/** Which group is the account: the first one that pays, else the one that the default rule chooses. */

import type { Event, Group } from "./accoil.js";
import type { Selection } from "./plugin.js";

export const name = "{{name}}";
export const version = "0.1.0";
export const summary = "Prefers the first group whose plan is not free.";

/** What can be set, with defaults. Keep `settings.schema.json` like it: the host checks settings by that. */
export const defaults = { trait: "plan", free_value: "free" };

export function select(settings: typeof defaults, _event: Event, candidates: Group[]): Selection {
  const paying = candidates.find((group) => {
    const plan = group.traits[settings.trait];
    return typeof plan === "string" && plan !== settings.free_value;
  });
  return paying ?? "default-rule";
}
