/** Which group is the account: the one on the best plan that is paid for, else the one that the default rule chooses. */

import type { Event, Group } from "./accoil.js";
import type { Selection } from "./plugin.js";

export const name = "paying-account";
export const version = "1.0.0";
export const summary = "Prefers the group on the best plan that is paid for.";

/** What can be set, with defaults. Keep `settings.schema.json` like it: the host checks settings by that. */
export const defaults = { trait: "plan", paid: ["enterprise", "business", "pro"] };

export function select(settings: typeof defaults, _event: Event, candidates: Group[]): Selection {
  const plan = (group: Group) => String(group.traits[settings.trait] ?? "").toLowerCase();
  for (const paid of settings.paid) {
    // Of several on the same plan, the first by the default rule.
    const account = candidates.find((group) => plan(group) === paid.toLowerCase());
    if (account !== undefined) return account;
  }
  return "default-rule";
}
