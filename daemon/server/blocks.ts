/**
 * The table of live blocks by age and by size: what lives at the sites of one row, or at all of them. Owned by the
 * views of one session.
 */
import type { AgeClass, LiveSizeClass, Table, ViewQuery } from '../../proto/messages.js';
import { eachSite } from '../../views/sites.js';
import type { Holding, LiveSession } from '../live.js';
import type { LiveProfile, SumUp } from './groups.js';
import { GROUPING_OF } from './rows.js';

export interface BlocksTable {
  /** Classes in which nothing lives are left out. */
  readonly tableOf: (query: ViewQuery, profiles: readonly LiveProfile[]) => Promise<Table>;
  /** What was counted is no longer now. */
  readonly countAnew: () => void;
}

/** After a count comes a rest of so many times its length: it goes over every block, and the drain must not wait. */
const REST = 8;
/** Rows whose counts are remembered. */
const REMEMBERED = 16;

interface Count {
  readonly table: Promise<Table>;
  /** Infinite while it is under way. */
  holdsUntilMs: number;
}

export const createBlocksTable = (live: LiveSession, sumUp: SumUp, now: () => number): BlocksTable => {
  const counts = new Map<string, Count>();

  const count = async ({ kind, within }: ViewQuery, profiles: readonly LiveProfile[]): Promise<Table> => {
    const held = await Promise.all(
      profiles.map((of) => {
        const isWithin = within ? sumUp.belongs(of, GROUPING_OF[within.view], within.key) : () => true;
        const chosen = new Uint8Array(of.profile.sites.count);
        eachSite(of.profile.sites, kind, (at, stack) => {
          chosen[at] = Number(isWithin(stack));
        });
        return live.holdings(of.index, chosen);
      }),
    );
    return tableOf(held.flat());
  };

  return {
    tableOf: (query, profiles) => {
      const key = JSON.stringify([query.process, query.kind, query.within]);
      const known = counts.get(key);
      if (known && now() < known.holdsUntilMs) return known.table;
      const startedAt = now();
      const made: Count = { table: count(query, profiles), holdsUntilMs: Number.POSITIVE_INFINITY };
      counts.delete(key); // the newest stands last
      counts.set(key, made);
      const [oldest] = counts.keys();
      if (counts.size > REMEMBERED && oldest !== undefined) counts.delete(oldest);
      const rest = (): void => {
        made.holdsUntilMs = now() + REST * (now() - startedAt);
      };
      made.table.then(rest, () => counts.delete(key));
      return made.table;
    },
    countAnew: () => counts.clear(),
  };
};

const tableOf = (all: readonly Holding[]): Table => ({
  view: 'blocks',
  ages: sumBy(all, ({ fromMs }) => fromMs).map(
    ({ least, first, ...sum }): AgeClass => ({ fromMs: least, untilMs: first.untilMs, ...sum }),
  ),
  sizes: sumBy(all, ({ fromBytes }) => fromBytes).map(
    ({ least, first: _, ...sum }): LiveSizeClass => ({ bytes: least, ...sum }),
  ),
});

interface Class {
  readonly least: number;
  readonly first: Holding;
  readonly liveBlocks: number;
  readonly liveBytes: number;
}

/** Least first. */
const sumBy = (all: readonly Holding[], leastOf: (holding: Holding) => number): readonly Class[] => {
  const sums = new Map<number, Class>();
  for (const holding of all) {
    const least = leastOf(holding);
    const before = sums.get(least) ?? { least, first: holding, liveBlocks: 0, liveBytes: 0 };
    sums.set(least, {
      ...before,
      liveBlocks: before.liveBlocks + holding.blocks,
      liveBytes: before.liveBytes + holding.bytes,
    });
  }
  return [...sums.values()].sort((a, b) => a.least - b.least);
};
