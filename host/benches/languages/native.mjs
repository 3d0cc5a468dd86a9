// Calls a bundled plugin as the host does, and prints microseconds an event: node native.mjs PLUGIN.js EVENTS.json

import { readFileSync } from "node:fs";

const [plugin, file] = process.argv.slice(2);
// What the host offers is not there: there is no selector.
const script = readFileSync(plugin, "utf8").replace(
  /import (\w+) from "accoil:[^"]*";/g,
  "const $1 = { active: () => false };",
);
const { mapping, groupSelection } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
const events = JSON.parse(readFileSync(file, "utf8"));
// Candidates as the default mapping gives them to a selector.
const offered = events.map((event) => {
  const properties = JSON.parse(event.groupProperties) ?? {};
  const groups = Object.entries(JSON.parse(event.groups) ?? {}).flatMap(([groupType, ids]) =>
    [ids].flat().map((groupId) => ({
      groupId,
      groupType,
      traits: JSON.stringify(properties[groupType]?.[groupId] ?? {}),
    })),
  );
  return groups.sort((one, other) => (one.groupId < other.groupId ? -1 : 1));
});

const batch = mapping
  ? () => mapping.transform("{}", events)
  : () => events.map((event, index) => groupSelection.select("{}", event, offered[index]));
let best = Infinity;
for (let round = 0; round < 50; round++) {
  const start = performance.now();
  batch();
  best = Math.min(best, performance.now() - start);
}
console.log((best * 1000) / events.length);
