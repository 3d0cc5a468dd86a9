// What the default mapping does with its default settings, in plain Node without
// any sandbox: reads lines of JSON from a file, prints outcome lines. It is the
// yardstick of `cargo bench` and no part of the product.
import { createReadStream } from 'node:fs';

const REFUSED = new Set(['anonymous', 'nil', 'none', 'null', 'n/a', 'na', 'undefined', 'unknown',
  '00000000-0000-0000-0000-000000000000', '{}', 'lmy47d', '0', '-1']);
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const idOf = (value) => (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined;

function account(event) {
  if (!isObject(event.groups) || !isObject(event.group_properties)) return undefined;
  let first;
  for (const [type, ids] of Object.entries(event.groups)) {
    for (const raw of Array.isArray(ids) ? ids : [ids]) {
      const id = idOf(raw);
      if (id === undefined) continue;
      if (!first || id < first.id || (id === first.id && type < first.type)) first = { id, type };
    }
  }
  if (!first) return undefined;
  const found = event.group_properties[first.type]?.[first.id];
  const traits = { ...(isObject(found) ? found : {}), group_type: first.type };
  const sorted = {};
  for (const key of Object.keys(traits).sort()) if (traits[key] !== null) sorted[key] = traits[key];
  return { groupId: first.id, traits: sorted };
}

function map(event) {
  if (!isObject(event) || typeof event.event_type !== 'string' || event.event_type === '') {
    return { outcome: 'invalid', reason: 'no event_type' };
  }
  const userId = idOf(event.user_id);
  if (userId === undefined) return { outcome: 'skip', reason: 'missing user id' };
  if (REFUSED.has(userId.toLowerCase())) return { outcome: 'skip', reason: 'invalid user id' };
  const mapped = { userId, event: event.event_type };
  if (typeof event.time === 'number') mapped.timestamp = new Date(event.time).toISOString();
  const primary = account(event);
  if (primary) mapped.groupTraits = [primary];
  return { outcome: 'deliver', events: [mapped] };
}

let out = '';
let rest = '';
for await (const chunk of createReadStream(process.argv[2], { encoding: 'utf8', highWaterMark: 1 << 18 })) {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) if (line !== '') out += JSON.stringify(map(JSON.parse(line))) + '\n';
  process.stdout.write(out);
  out = '';
}
if (rest !== '') process.stdout.write(JSON.stringify(map(JSON.parse(rest))) + '\n');
