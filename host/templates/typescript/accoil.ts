/** What a rule is written with: events and groups whose JSON has been read. There is no need to change this file. */

import type { WireEvent, WireGroup } from "./contract.js";

/** A JSON object. It has its own members alone: `bag["toString"]` is undefined unless the event has such a property. */
export type Bag = Readonly<Record<string, unknown>>;

/**
 * A product analytics event in canonical form. JSON is read when it is first asked for. Numbers are JavaScript's: beyond
 * 2^53 they lose digits.
 */
export class Event {
  readonly #wire: WireEvent;
  readonly #bags = new Map<string, Bag>();

  constructor(wire: WireEvent) {
    this.#wire = wire;
  }

  /** `insert_id`, else `uuid`, else an id that the host gave it. */
  get id(): string {
    return this.#wire.id;
  }

  /** The event's name, never empty. Amplitude's own begin with `$`. */
  get type(): string {
    return this.#wire.eventType;
  }

  get userId(): string | null {
    return this.#wire.userId;
  }

  get deviceId(): string | null {
    return this.#wire.deviceId;
  }

  /** When it happened, such as `2026-11-24T08:00:46.123Z`. */
  get time(): string | null {
    return this.#wire.time;
  }

  get eventProperties(): Bag {
    return this.#bag("eventProperties");
  }

  /** In `$identify` events those that stand alone, those under `$setOnce` and those under `$set`: the last counts. */
  get userProperties(): Bag {
    const bag = this.#bag("userProperties");
    if (this.type !== "$identify") return bag;
    const alone = Object.entries(bag).filter(([name]) => !name.startsWith("$"));
    return Object.assign(asBag(Object.fromEntries(alone)), asBag(bag["$setOnce"]), asBag(bag["$set"]));
  }

  get groupProperties(): Bag {
    return this.#bag("groupProperties");
  }

  /** Every other field of the event: `platform`, `country`, `revenue` and so on. */
  get attributes(): Bag {
    return this.#bag("attributes");
  }

  /** A property by its name: of the event, else of the user, else another field; undefined when there is none. */
  property(name: string): unknown {
    return [this.eventProperties, this.userProperties, this.attributes].find((bag) => name in bag)?.[name];
  }

  /**
   * The groups that the event names, each once, in the order of the default mapping without settings: ascending by id,
   * then by type. None if the event has no `groups` or no `group_properties`.
   */
  candidates(): Group[] {
    if (!this.#wire.groupProperties.startsWith("{")) return [];
    const { groups } = this.#wire;
    const found: Group[] = [];
    for (const [type, ids] of Object.entries(readBag(groups, NUMBER.test(groups) ? numbersAsText : undefined))) {
      for (const id of new Set(Array.isArray(ids) ? ids : [ids])) {
        if (typeof id !== "string" || id === "") continue;
        found.push(new Group(id, type, asBag(asBag(this.groupProperties[type])[id])));
      }
    }
    return found.sort((a, b) => compare(a.id, b.id) || compare(a.type, b.type));
  }

  #bag(field: "eventProperties" | "userProperties" | "groupProperties" | "attributes"): Bag {
    let bag = this.#bags.get(field);
    if (bag === undefined) this.#bags.set(field, (bag = readBag(this.#wire[field])));
    return bag;
  }
}

/** A group of which an event's user is a member. */
export class Group {
  readonly id: string;
  readonly type: string;

  constructor(
    id: string,
    type: string,
    readonly traits: Bag = {},
  ) {
    // JSON may hold half of a surrogate pair, which no text that crosses to the host can.
    this.id = id.toWellFormed();
    this.type = type.toWellFormed();
  }

  /** From the host's form. */
  static read(wire: WireGroup): Group {
    return new Group(wire.groupId, wire.groupType, readBag(wire.traits));
  }

  /** In the host's form. */
  write(): WireGroup {
    return { groupId: this.id, groupType: this.type, traits: JSON.stringify(this.traits) };
  }
}

/** Reads a JSON object; anything else is an empty one. */
export function readBag(text: string, reviver?: (key: string, value: unknown, context: never) => unknown): Bag {
  return asBag(JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]));
}

function asBag(value: unknown): Bag {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return Object.setPrototypeOf(isObject ? value : {}, null);
}

/** What may be a number in JSON text. */
const NUMBER = /[:[,]-?\d/;

/** Ids may be numbers. They are taken as they stand in the text, for JavaScript's have 53 bits. */
function numbersAsText(_key: string, value: unknown, context: { source: string }): unknown {
  return typeof value === "number" ? context.source : value;
}

/** By code point, as the default mapping does: `<` would put half of a surrogate pair before U+E000. */
function compare(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return rank(left.charCodeAt(at)) - rank(right.charCodeAt(at));
}

function rank(unit: number): number {
  if (Number.isNaN(unit)) return -1;
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

// A plugin's answer depends on its arguments alone. The clock is not there either: `Date.now()` and `new Date()` trap.
Math.random = () => {
  throw new Error("there is no randomness in a plugin");
};
