/** The rows of what is shown, in the order in which they are shown. Pure. */
import type { ProcessSummary, SortKey, ViewRow } from '../proto/messages.js';
import type { SiteCounters, SizeClass, ThreadInfo } from '../proto/snapshot.js';
import type { Filter, Named } from '../views/filter.js';
import { metricOf } from '../views/order.js';
import { emptySum } from '../views/sites.js';
import { detailRows } from './detail.js';
import type { Output } from './output.js';
import type { ProcessSums, Row } from './row.js';
import { type Place, placeOf, type State, shownPicture } from './state.js';

const KEY_OF_ALL = -1;
const NO_PARENT = -1;

export const rowsOf = (state: State, place: Place = placeOf(state)): readonly Row[] => {
  if (place === 'detail') return detailRows(state);
  if (place === 'output') return outputRows(shownPicture(state).output, state.filter);
  const table = shownPicture(state).tables[place];
  if (!table) return [];
  const { sort, order, filter } = state;
  if (table.view === 'tree') return table.rows.map((row) => ({ kind: 'node', key: row.key, row }));
  if (table.view === 'processes') return processRows(table.rows, state);
  if (table.view === 'threads') return threadRows(table.rows, state);
  if (table.view === 'sizes') return sizeRows(table.rows);
  if (table.view === 'blocks') return []; // a part of the detail
  const sign = order === 'descending' ? 1 : -1;
  // What has just been sorted or filtered otherwise is put right here, until the daemon's answer comes.
  return table.rows
    .filter((row) => !filter || (filter.matchesNames([row]) && filter.matchesFigures(row)))
    .sort((a, b) => sign * (figureOf(b, sort) - figureOf(a, sort)))
    .map((row) => ({ kind: 'sum', key: row.key, row }));
};

const figureOf = (row: ViewRow, sort: SortKey): number => {
  if (sort === 'growth') return row.grownBytes ?? 0;
  return sort === 'rate' ? (row.rate?.bytesPerSecond ?? 0) : metricOf(row, sort);
};

const noNames = { function: null, file: null, module: null };
const named = (name: string): readonly Named[] => [{ ...noNames, function: name }];

/** Without the last one while it is empty: what follows a line break. */
const outputRows = (output: Output | null, filter: Filter | null): readonly Row[] =>
  (output?.lines ?? []).flatMap((text, at, all): readonly Row[] =>
    (at === all.length - 1 && text === '') || (filter && !filter.matchesNames(named(text)))
      ? []
      : [{ kind: 'text', key: (output?.dropped ?? 0) + at, text }],
  );

const threadRows = (threads: readonly ThreadInfo[], { sort, order, filter }: State): readonly Row[] => {
  const figure = (thread: ThreadInfo): number => {
    if (sort === 'total' || sort === 'rate') return thread.totalBytes ?? 0;
    if (sort === 'temporary') return thread.temporaryBlocks ?? 0;
    return sort === 'blocks' ? (thread.allocations ?? 0) : (thread.liveBytes ?? 0);
  };
  const sign = order === 'descending' ? 1 : -1;
  return threads
    .filter(
      (thread) =>
        !filter ||
        (filter.matchesNames([{ ...noNames, function: thread.name, thread: thread.name }]) &&
          filter.matchesFigures(figuresOf(thread))),
    )
    .sort((a, b) => sign * (figure(b) - figure(a)) || a.tid - b.tid)
    .map((row) => ({ kind: 'thread', key: row.tid, row }));
};

/** What is not counted of a row is nothing. */
const figuresOf = (counted: Partial<SiteCounters>): SiteCounters => ({ ...emptySum(), ...counted });

const sizeRows = (sizes: readonly SizeClass[]): readonly Row[] => {
  const most = Math.max(1, ...sizes.map(({ liveBlocks = 0 }) => liveBlocks));
  return sizes.map((row) => ({ kind: 'size', key: row.bytes, row, share: (row.liveBlocks ?? 0) / most }));
};

/**
 * Children below their parents; of those with one parent first who has the most, or has the one with the most among its
 * own, then who started first.
 */
const processRows = (
  processes: readonly ProcessSummary[],
  { sort, order, filter }: State,
): readonly Row[] => {
  const known = new Set(processes.map(({ index }) => index));
  const childrenOf = new Map<number, ProcessSummary[]>();
  for (const process of processes) {
    const parent = process.parent !== null && known.has(process.parent) ? process.parent : NO_PARENT;
    const siblings = childrenOf.get(parent);
    if (siblings) siblings.push(process);
    else childrenOf.set(parent, [process]);
  }
  const figure = ({ liveBytes, peakBytes, allocations }: ProcessSummary): number => {
    if (sort === 'live' || sort === 'growth') return liveBytes;
    return sort === 'peak' ? peakBytes : allocations;
  };
  const most = new Map<number, number>();
  const mostOf = ({ index }: ProcessSummary): number => most.get(index) ?? 0;
  for (const { process } of inOrder(childrenOf).toReversed()) {
    const ofChildren = (childrenOf.get(process.index) ?? []).map(mostOf);
    most.set(
      process.index,
      ofChildren.reduce((found, each) => Math.max(found, each), figure(process)),
    );
  }
  const sign = order === 'descending' ? 1 : -1;
  for (const siblings of childrenOf.values()) siblings.sort((a, b) => sign * (mostOf(b) - mostOf(a)));
  const rows = inOrder(childrenOf)
    .filter(
      ({ process }) =>
        !filter ||
        (filter.matchesNames(named(process.command.join(' '))) && filter.matchesFigures(figuresOf(process))),
    )
    .map(({ process, depth }): Row => ({ kind: 'process', key: process.index, row: process, depth }));
  return processes.length < 2
    ? rows
    : [{ kind: 'all', key: KEY_OF_ALL, processes: processes.length, row: sumOf(processes) }, ...rows];
};

/** Each before its children. Without recursion: one that goes on by exec again and again is as deep as it did. */
const inOrder = (
  childrenOf: ReadonlyMap<number, readonly ProcessSummary[]>,
): readonly { readonly process: ProcessSummary; readonly depth: number }[] => {
  const found: { process: ProcessSummary; depth: number }[] = [];
  const waiting: typeof found = [];
  const wait = (parent: number, depth: number): void => {
    for (const process of (childrenOf.get(parent) ?? []).toReversed()) waiting.push({ process, depth });
  };
  wait(NO_PARENT, 0);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    found.push(next);
    wait(next.process.index, next.depth + 1);
  }
  return found;
};

export const hasPython = (processes: readonly ProcessSummary[]): boolean =>
  processes.some(({ pythonBytes }) => pythonBytes !== undefined);

const sumOf = (processes: readonly ProcessSummary[]): ProcessSums => {
  const sum = (name: keyof ProcessSums) =>
    processes.reduce((total, process) => total + (process[name] ?? 0), 0);
  return {
    liveBytes: sum('liveBytes'),
    rssBytes: sum('rssBytes'),
    allocations: sum('allocations'),
    ...(hasPython(processes) && { pythonBytes: sum('pythonBytes') }),
  };
};
