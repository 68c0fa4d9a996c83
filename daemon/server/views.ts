/**
 * Answers a view query: header and table of a session as of now. Whoever asks at the same time gets the same
 * answer: counters and profiles are asked for once per moment.
 */
import {
  type Header,
  type ProcessChoice,
  type Table,
  TIMELINE_POINTS,
  type ViewQuery,
} from '../../proto/messages.js';
import type { GroupBy, Index, SizeClass, TimelinePoint } from '../../proto/snapshot.js';
import type { Profile } from '../../views/profile.js';
import { isMissed } from '../live/untraced.js';
import type { LiveProcess, LiveSession } from '../live.js';
import { createBlocksTable } from './blocks.js';
import { ViewFault } from './fault.js';
import { createSumUp, type LiveProfile } from './groups.js';
import { createMarks, type Marks } from './marks.js';
import { createMatchers } from './matching.js';
import { createRate } from './rates.js';
import { GROUPING_OF, isRowView, rowTable } from './rows.js';
import { type SourceFile, sourceFile } from './sourceText.js';
import { sumFigures, summaryOf } from './summary.js';
import { createSumRate } from './sumRates.js';
import { createTreeTable } from './tree.js';

export interface Views {
  /** @throws ViewFault */
  readonly header: (choice: ProcessChoice) => Header;
  /** @throws ViewFault */
  readonly table: (query: ViewQuery) => Promise<Table>;
  /** Changes whenever the table of this query may have. */
  readonly stamp: (query: ViewQuery) => string;
  /** @throws ViewFault */
  readonly source: (choice: ProcessChoice, file: string) => Promise<SourceFile>;
  readonly marks: Marks;
  /** What was looked up is no longer now, however fresh it is. */
  readonly lookAnew: () => void;
}

/** What was looked up within this time is still now. */
const MOMENT_MS = 40;
/** So long after the last change rates are still on their way down. */
const SETTLED_MS = 4000;
const SETTLING_STEP_MS = 500;
const AGING_STEP_MS = 1000;

export const createViews = (
  live: LiveSession,
  now: () => number = performance.now.bind(performance),
): Views => {
  const sumUp = createSumUp();
  const treeTable = createTreeTable();
  const blocks = createBlocksTable(live, sumUp, now);
  const matcherOf = createMatchers();
  const marks = createMarks(live);
  const sumRates = new Map<string, ReturnType<typeof createSumRate>>();
  const changes = new Map<string, { readonly figures: string; readonly atMs: number }>();
  const rates = new Map<ProcessChoice, ReturnType<typeof createRate>>();
  const profiles = new Map<Index, { readonly atMs: number; readonly profile: Promise<Profile> }>();
  let looked: { readonly atMs: number; readonly processes: readonly LiveProcess[] } | undefined;

  const processes = (): readonly LiveProcess[] => {
    if (!looked || now() - looked.atMs > MOMENT_MS) looked = { atMs: now(), processes: live.processes() };
    return looked.processes;
  };
  const chosen = (choice: ProcessChoice): readonly LiveProcess[] => {
    if (choice === 'all') return processes();
    const index = choice === 'main' ? live.mainProcess() : choice;
    if (index === null) return [];
    const found = processes().filter((process) => process.index === index);
    if (found.length === 0 && choice !== 'main')
      throw new ViewFault('no-process', `There is no process ${choice} in this session.`);
    return found;
  };
  const profileOf = (index: Index): Promise<Profile> => {
    const known = profiles.get(index);
    if (known && now() - known.atMs <= MOMENT_MS) return known.profile;
    const profile = live.profile(index);
    profiles.set(index, { atMs: now(), profile });
    const forget = () => profiles.delete(index);
    profile.catch(forget);
    return profile;
  };
  const rateOf = (choice: ProcessChoice, figures: Pick<Header, 'totals' | 'capture'>): Header['rate'] => {
    const rate = rates.get(choice) ?? createRate();
    rates.set(choice, rate);
    const { totals, capture } = figures;
    return rate({ atMs: now(), allocations: capture.allocations, bytes: totals.totalBytes });
  };

  const header = (choice: ProcessChoice): Header => {
    const all = processes();
    const these = chosen(choice);
    const [only] = these;
    const figures = choice !== 'all' && only ? only : sumFigures(these);
    const { totals, capture, mapped } = figures;
    const shown = choice === 'all' ? chosen('main')[0] : only;
    return {
      takenAt: new Date(live.nowMs()).toISOString(),
      running: live.running(),
      processes: all.length,
      untraced: all.filter(({ info }) => isMissed(info.untraced)).length,
      process: shown ? summaryOf(shown) : null,
      totals,
      capture,
      mapped,
      rate: these.some(isRunning) ? rateOf(choice, figures) : null,
      ownBytes: live.ownMemory(),
      timeline: choice !== 'all' && only ? thinned(live.timeline(only.index)) : [],
    };
  };

  const table = async (query: ViewQuery): Promise<Table> => {
    const { view } = query;
    const traced = chosen(query.process).filter(({ info }) => info.untraced === undefined);
    if (view === 'processes') return { view, rows: processes().map(summaryOf) };
    if (view === 'threads') return { view, rows: traced.flatMap(({ index }) => live.threads(index)) };
    if (view === 'sizes') return { view, rows: sumSizes(traced.map(({ index }) => live.sizes(index))) };
    const found = await profilesOf(traced);
    if (view === 'blocks') return blocks.tableOf(query, found);
    const matcher = matcherOf(query.filter);
    const mark = query.since === undefined ? null : marks.find(query.since);
    if (view === 'tree') return treeTable(query, found, matcher, mark);
    if (!isRowView(view)) throw new TypeError(view);
    const by = GROUPING_OF[view];
    const sumsOf = (profiles: readonly LiveProfile[]) =>
      query.within
        ? sumUp.within(profiles, by, query.kind, GROUPING_OF[query.within.view], query.within.key)
        : sumUp.all(profiles, by, query.kind);
    const chosenThen = mark?.profiles.filter(({ index }) => traced.some((each) => each.index === index));
    const sums = sumsOf(found);
    // What has ended allocates nothing any more, whatever it did a second ago.
    const isSampled = !query.within && traced.some(isRunning);
    const rateOf = isSampled ? sumRateOf(query, by)(now(), sums.sums) : NO_RATE;
    return rowTable(view, query, sums, {
      matcher,
      before: chosenThen ? sumsOf(chosenThen).sums : null,
      rateOf,
    });
  };
  const profilesOf = (processes: readonly LiveProcess[]): Promise<readonly LiveProfile[]> =>
    Promise.all(processes.map(async ({ index }) => ({ index, profile: await profileOf(index) })));
  const sumRateOf = ({ process, kind }: ViewQuery, by: GroupBy): ReturnType<typeof createSumRate> => {
    const key = `${process} ${by} ${kind}`;
    const known = sumRates.get(key) ?? createSumRate();
    sumRates.set(key, known);
    return known;
  };
  const source = async (choice: ProcessChoice, file: string): Promise<SourceFile> => {
    const traced = chosen(choice).filter(({ info }) => info.untraced === undefined);
    const found = await profilesOf(traced);
    return sourceFile(
      found.map(({ profile }) => profile),
      file,
    );
  };

  const stamp = (query: ViewQuery): string => {
    const these = query.view === 'processes' ? processes() : chosen(query.process);
    const figures = these
      .map(({ index, info, capture, totals, mapped, elapsedMs }) =>
        [
          index,
          info.state,
          info.exitCode,
          info.signal,
          info.inherited?.frees,
          ...Object.values(capture),
          totals.liveBytes,
          totals.totalBytes,
          totals.temporaryBlocks,
          ...Object.values(mapped),
          ...Object.values(totals.python ?? {}),
          // Its rows also show what no event changes: the time, the resident memory.
          ...(query.view === 'processes' ? [elapsedMs, totals.rssBytes] : []),
        ].join(' '),
      )
      .join('\n');
    if (query.view === 'blocks') return `${figures} ${these.some(isRunning) ? aging() : ''}`;
    return isRowView(query.view) ? `${figures} ${settling(query.process, figures)}` : figures;
  };
  /** Blocks get older while nothing happens. */
  const aging = (): string => String(Math.floor(now() / AGING_STEP_MS));
  /** Rates go on changing for a while after the counters have come to rest. */
  const settling = (choice: ProcessChoice, figures: string): string => {
    const key = String(choice);
    const known = changes.get(key);
    const change = known?.figures === figures ? known : { figures, atMs: now() };
    changes.set(key, change);
    const sinceMs = now() - change.atMs;
    return sinceMs > SETTLED_MS ? 'settled' : String(Math.floor(sinceMs / SETTLING_STEP_MS));
  };
  const lookAnew = (): void => {
    looked = undefined;
    profiles.clear();
    blocks.countAnew();
  };
  return { header, table, stamp, source, marks, lookAnew };
};

const isRunning = (process: LiveProcess): boolean => summaryOf(process).state === 'running';

const NO_RATE = (): undefined => undefined;

/** Every nth point, so that those shown stay while new ones come, and the newest. */
const thinned = (points: readonly TimelinePoint[]): readonly TimelinePoint[] => {
  if (points.length <= TIMELINE_POINTS) return points;
  const step = Math.ceil(points.length / (TIMELINE_POINTS - 1));
  return points.filter((_, at) => at % step === 0 || at === points.length - 1);
};

const sumSizes = (each: readonly (readonly SizeClass[])[]): readonly SizeClass[] => {
  const sums = new Map<number, SizeClass>();
  for (const size of each.flat()) {
    const known = sums.get(size.bytes);
    const { liveBlocks = 0, liveBytes = 0, totalBytes = 0 } = known ?? {};
    sums.set(size.bytes, {
      bytes: size.bytes,
      blocks: (known?.blocks ?? 0) + size.blocks,
      liveBlocks: liveBlocks + (size.liveBlocks ?? 0),
      liveBytes: liveBytes + (size.liveBytes ?? 0),
      totalBytes: totalBytes + (size.totalBytes ?? 0),
    });
  }
  return [...sums.values()].sort((a, b) => a.bytes - b.bytes);
};
