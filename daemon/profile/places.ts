/**
 * The distinct addresses that the nodes of a process name, numbered in the order of their first sight.
 *
 * Open addressing over typed arrays: a compiler has hundreds of thousands of nodes, and a Map of Maps with an
 * object per address took longer than finding their names.
 */
export interface Places {
  readonly count: () => number;
  /**
   * @param module index; -1 outside every module
   * @param lookup what is looked up: link-time address inside the call instruction, or the interrupted instruction itself
   * @param offset link-time return address; without a module the address itself
   * @returns the number of the place with this module and `lookup`
   */
  readonly intern: (module: number, lookup: number, offset: number) => number;
  readonly at: (place: number) => Place;
}

export interface Place {
  readonly module: number;
  readonly lookup: number;
  readonly offset: number;
}

const FIRST_CAPACITY = 16; // most processes of a build have few, or are never asked about
const HIGH = 2 ** 32;

export const createPlaces = (): Places => {
  let count = 0;
  let modules = new Int32Array(FIRST_CAPACITY);
  let lookups = new Float64Array(FIRST_CAPACITY);
  let offsets = new Float64Array(FIRST_CAPACITY);
  /** Place + 1 by hash, twice as many as there may be places; 0 is free. */
  let slots = new Int32Array(2 * FIRST_CAPACITY);

  const slotOf = (module: number, lookup: number): number => {
    const mask = slots.length - 1;
    let at = hash(module, lookup) & mask;
    for (;;) {
      const place = slots[at] - 1;
      if (place < 0 || (lookups[place] === lookup && modules[place] === module)) return at;
      at = (at + 1) & mask;
    }
  };

  const grow = () => {
    modules = grown(modules, new Int32Array(2 * modules.length));
    lookups = grown(lookups, new Float64Array(2 * lookups.length));
    offsets = grown(offsets, new Float64Array(2 * offsets.length));
    slots = new Int32Array(2 * slots.length);
    for (let place = 0; place < count; place += 1) slots[slotOf(modules[place], lookups[place])] = place + 1;
  };

  return {
    count: () => count,
    intern: (module, lookup, offset) => {
      const found = slots[slotOf(module, lookup)] - 1;
      if (found >= 0) return found;
      if (count === modules.length) grow();
      modules[count] = module;
      lookups[count] = lookup;
      offsets[count] = offset;
      slots[slotOf(module, lookup)] = count + 1;
      count += 1;
      return count - 1;
    },
    at: (place) => ({ module: modules[place], lookup: lookups[place], offset: offsets[place] }),
  };
};

const grown = <T extends Int32Array | Float64Array>(from: T, to: T): T => {
  to.set(from);
  return to;
};

/** Multiplicative (Knuth, The Art of Computer Programming 6.4), over both halves of the address. */
const hash = (module: number, lookup: number): number => {
  const low = lookup | 0;
  const high = (lookup / HIGH) | 0;
  const mixed = Math.imul(low ^ Math.imul(high ^ Math.imul(module, 0x85ebca6b), 0xc2b2ae35), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};
