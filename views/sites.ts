/**
 * The sites of a profile in columns: there may be a hundred thousand, anew four times a second, and with an object for
 * each the garbage collector has more to do than everybody else.
 */
import type { KindFilter, Site, SiteCounters, SiteKind } from '../proto/snapshot.js';

/** The arrays may be longer than `count`. */
export interface Sites extends SiteFigures {
  readonly stack: Int32Array;
}

/** What does not depend on how stacks are numbered. */
export interface SiteFigures extends Readonly<Record<keyof SiteCounters, Float64Array>> {
  readonly count: number;
  /** By its number in SITE_KINDS. */
  readonly kind: Uint8Array;
  /** All counters, one column after the other in the order of COUNTER_NAMES. */
  readonly counters: Float64Array;
}

/** In the order of the core's numbers, enum site_kind. */
export const SITE_KINDS: readonly SiteKind[] = ['heap', 'mmap', 'python'];

/** In the order of a snapshot's fields. */
export const COUNTER_NAMES: readonly (keyof SiteCounters)[] = [
  'liveBytes',
  'liveBlocks',
  'totalBytes',
  'totalBlocks',
  'peakBytes',
  'peakBlocks',
  'temporaryBlocks',
];

/** @returns zeroes, of which the first `count` are to be filled in */
export const makeFigures = (room: number, count = room): SiteFigures => {
  const counters = new Float64Array(COUNTER_NAMES.length * room);
  const column = (at: number): Float64Array => counters.subarray(at * room, (at + 1) * room);
  return {
    count,
    kind: new Uint8Array(room),
    counters,
    liveBytes: column(0),
    liveBlocks: column(1),
    totalBytes: column(2),
    totalBlocks: column(3),
    peakBytes: column(4),
    peakBlocks: column(5),
    temporaryBlocks: column(6),
  };
};

export const sitesOf = (rows: readonly Site[]): Sites => {
  const sites = { ...makeFigures(rows.length), stack: new Int32Array(rows.length) };
  rows.forEach((row, at) => {
    sites.stack[at] = row.stack;
    sites.kind[at] = SITE_KINDS.indexOf(row.kind);
    for (const name of COUNTER_NAMES) sites[name][at] = row[name];
  });
  return sites;
};

export const countersOf = (
  columns: Readonly<Record<keyof SiteCounters, Float64Array>>,
  at: number,
): SiteCounters => ({
  liveBytes: columns.liveBytes[at],
  liveBlocks: columns.liveBlocks[at],
  totalBytes: columns.totalBytes[at],
  totalBlocks: columns.totalBlocks[at],
  peakBytes: columns.peakBytes[at],
  peakBlocks: columns.peakBlocks[at],
  temporaryBlocks: columns.temporaryBlocks[at],
});

export const kindMatches = (kind: SiteKind, filter: KindFilter): boolean =>
  filter === 'all' || kind === filter || (filter === 'payload' && kind !== 'mmap');

/** Which kinds a filter lets through, by their numbers. */
export const kindsIn = (filter: KindFilter): readonly boolean[] =>
  SITE_KINDS.map((kind) => kindMatches(kind, filter));

export const hasKind = ({ count, kind }: SiteFigures, wanted: SiteKind): boolean =>
  kind.subarray(0, count).includes(SITE_KINDS.indexOf(wanted));

/** The sites of one kind (or of all), by number. */
export const eachSite = (
  sites: Sites,
  kind: KindFilter,
  visit: (at: number, stack: number) => void,
): void => {
  const wanted = kindsIn(kind);
  for (let at = 0; at < sites.count; at += 1) if (wanted[sites.kind[at]]) visit(at, sites.stack[at]);
};

/** Counters that are being summed up. */
export type Sum = { -readonly [Name in keyof SiteCounters]: number };

export const emptySum = (): Sum => ({
  liveBytes: 0,
  liveBlocks: 0,
  totalBytes: 0,
  totalBlocks: 0,
  peakBytes: 0,
  peakBlocks: 0,
  temporaryBlocks: 0,
});

export const addTo = (sum: Sum, counters: SiteCounters): void => {
  sum.liveBytes += counters.liveBytes;
  sum.liveBlocks += counters.liveBlocks;
  sum.totalBytes += counters.totalBytes;
  sum.totalBlocks += counters.totalBlocks;
  sum.peakBytes += counters.peakBytes;
  sum.peakBlocks += counters.peakBlocks;
  sum.temporaryBlocks += counters.temporaryBlocks;
};

/** The same of a site, without an object for it. */
export const addSite = (sum: Sum, sites: SiteFigures, at: number): void => {
  sum.liveBytes += sites.liveBytes[at];
  sum.liveBlocks += sites.liveBlocks[at];
  sum.totalBytes += sites.totalBytes[at];
  sum.totalBlocks += sites.totalBlocks[at];
  sum.peakBytes += sites.peakBytes[at];
  sum.peakBlocks += sites.peakBlocks[at];
  sum.temporaryBlocks += sites.temporaryBlocks[at];
};

/** The sum over sites of one kind (or of all). */
export const sumSites = (sites: SiteFigures, kind: KindFilter): SiteCounters => {
  const sum = emptySum();
  const wanted = kindsIn(kind);
  for (const name of COUNTER_NAMES) sum[name] = sumColumn(sites[name], sites, wanted);
  return sum;
};

const sumColumn = (
  column: Float64Array,
  { count, kind }: SiteFigures,
  wanted: readonly boolean[],
): number => {
  let sum = 0;
  for (let at = 0; at < count; at += 1) if (wanted[kind[at]]) sum += column[at];
  return sum;
};
