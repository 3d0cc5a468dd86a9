// Sends events with Amplitude's Node SDK, unmodified, and prints what became of each.
//
//     send.mjs SERVER_URL API_KEY COUNT

import amplitude from "@amplitude/analytics-node";

const [url, key, count] = process.argv.slice(2);
const { init, track, identify, groupIdentify, Identify, Types } = amplitude;

await init(key, {
  serverUrl: url,
  flushQueueSize: 20,
  flushIntervalMillis: 100,
  flushMaxRetries: 5,
  logLevel: Types.LogLevel.None,
}).promise;

const sent = [];
sent.push(groupIdentify("org", "o1", new Identify().set("name", "Org One").set("seats", 5)));
sent.push(identify(new Identify().set("plan", "pro"), { user_id: "js-0" }));
for (let number = 0; number < Number(count); number += 1) {
  const options = { user_id: `js-${number % 3}`, groups: { org: "o1" } };
  sent.push(track(`js-${number}`, { number }, options));
}
// A time that is none: the service has to name it by its index, and take the others.
sent.push(track("js-no-time", {}, { user_id: "js-0", time: "yesterday" }));
// Not flushed by hand: then the SDK would try only once. Its own timer flushes, and it tries again.
const results = await Promise.all(sent.map((one) => one.promise));
console.log(
  JSON.stringify(
    results.map(({ event, code, message }) => ({ event: event.event_type, user: event.user_id, code, message })),
  ),
);
process.exit(0);
