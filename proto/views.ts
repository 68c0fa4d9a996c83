/**
 * The live views: what a client asks one by, and what stands in it. The messages that carry them are in
 * proto/messages.ts, whose rules of versions hold here, too.
 */
import type {
  Bytes,
  CaptureInfo,
  Count,
  Frame,
  Index,
  KindFilter,
  Metric,
  ProcessInfo,
  ProcessState,
  SiteCounters,
  SizeClass,
  ThreadInfo,
  TimelinePoint,
  Totals,
} from './snapshot.js';

export interface ViewQuery {
  readonly view: View;
  readonly process: ProcessChoice;
  readonly sort: SortKey;
  readonly order: 'descending' | 'ascending';
  readonly kind: KindFilter;
  /** In the language of views/filter.ts. */
  readonly filter?: string;
  /** A mark that this client has set: rows tell what they have grown by since. */
  readonly since?: MarkNumber;
  /** Only rows of exactly this file. */
  readonly file?: string;
  /** Only what belongs to this row of another view. */
  readonly within?: { readonly view: RowView; readonly key: number };
  /** Of the view `tree`: which way it grows, and which of its nodes are open. */
  readonly tree?: TreeChoice;
  /** 1 to ROW_LIMIT. */
  readonly limit: Count;
}

/** Growth needs a mark; a rate is bytes allocated per second. */
export type SortKey = Metric | 'growth' | 'rate';
export const SORT_KEYS: readonly SortKey[] = [
  'live',
  'blocks',
  'peak',
  'total',
  'temporary',
  'growth',
  'rate',
];

export interface TreeChoice {
  readonly direction: 'down' | 'up';
  /** Keys of nodes: these; these with all that is below; but not these. An only child is open by itself. */
  readonly open: readonly number[];
  readonly openBelow: readonly number[];
  readonly closed: readonly number[];
}

/** The groupings of views/group.ts. */
export type RowView = 'lines' | 'functions' | 'files' | 'modules' | 'stacks';
/** Blocks: the live blocks of all rows, or `within` one, by age and by size. */
export type View = RowView | 'tree' | 'processes' | 'threads' | 'sizes' | 'blocks';

/** Counted by the daemon. */
export type MarkNumber = number;

/** An index of ProcessSummary; the program that the user started; or all processes summed up. */
export type ProcessChoice = Index | 'main' | 'all';

/** What stands above every view. */
export interface Header {
  /** ISO 8601, UTC: when the daemon looked. */
  readonly takenAt: string;
  /** False once the program ended and all its events are in. */
  readonly running: boolean;
  /** Images of the tree so far, the untraced ones among them. */
  readonly processes: Count;
  /** Those of them that could not be traced; what the user excluded is none of them. */
  readonly untraced: Count;
  /** The one looked at; the main one where it is all; null until it is known. */
  readonly process: ProcessSummary | null;
  /** Of the process looked at. For all: sums, also of peaks, which need not have been at the same moment. */
  readonly totals: Totals;
  readonly capture: CaptureInfo;
  readonly mapped: Mapped;
  /** Over the last second or two; null until there are two looks. Of kind heap. */
  readonly rate: Rate | null;
  /** The daemon's and the symbolizer's resident memory. */
  readonly ownBytes: Bytes;
  /** Thinned out to at most TIMELINE_POINTS; empty for all processes. */
  readonly timeline: readonly TimelinePoint[];
}

export const TIMELINE_POINTS = 240;

export interface Rate {
  readonly allocationsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** What was mapped directly, apart from the heap. */
export interface Mapped {
  readonly liveBytes: Bytes;
  readonly totalBytes: Bytes;
  readonly peakBytes: Bytes;
}

/** One process image, in a few figures. */
export interface ProcessSummary {
  readonly index: Index;
  /** The image it was forked from, or that its pid ran before an exec. */
  readonly parent: Index | null;
  readonly pid: ProcessInfo['pid'];
  readonly command: ProcessInfo['command'];
  readonly state: ProcessState;
  readonly exitCode: ProcessInfo['exitCode'];
  readonly signal: ProcessInfo['signal'];
  /** Why nothing was traced; null for a traced process. */
  readonly untraced: string | null;
  /** From its start to its end, or until now. */
  readonly elapsedMs: number;
  readonly liveBytes: Bytes;
  readonly liveBlocks: Count;
  readonly peakBytes: Bytes;
  readonly totalBytes: Bytes;
  readonly allocations: Count;
  readonly rssBytes: Bytes;
  /** Live objects of Python, in none of the other figures; absent where there were none. */
  readonly pythonBytes?: Bytes;
}

export type Table =
  | {
      readonly view: RowView;
      readonly rows: readonly ViewRow[];
      /** Rows that the limit left out; of very deep stacks also those beyond some ten thousand frames. */
      readonly omitted: Count;
      /** Over all rows, also those left out. */
      readonly sum: RowCounters;
    }
  | {
      readonly view: 'tree';
      /** Parents stand before their children. */
      readonly rows: readonly TreeRow[];
      readonly omitted: Count;
      readonly sum: RowCounters;
    }
  | { readonly view: 'processes'; readonly rows: readonly ProcessSummary[] }
  | { readonly view: 'threads'; readonly rows: readonly ThreadInfo[] }
  | { readonly view: 'sizes'; readonly rows: readonly SizeClass[] }
  | {
      readonly view: 'blocks';
      /** Youngest first, least first; classes in which nothing lives are left out. */
      readonly ages: readonly AgeClass[];
      readonly sizes: readonly LiveSizeClass[];
    };

/** Live blocks whose allocation was `fromMs` ≤ age < `untilMs` milliseconds ago, or before the process ended. */
export interface AgeClass {
  readonly fromMs: number;
  /** Null for no end. */
  readonly untilMs: number | null;
  readonly liveBlocks: Count;
  readonly liveBytes: Bytes;
}

/** Live blocks of `bytes` ≤ size < 2 × `bytes`; 0: of no bytes. */
export interface LiveSizeClass {
  readonly bytes: Bytes;
  readonly liveBlocks: Count;
  readonly liveBytes: Bytes;
}

/** Figures as in a snapshot, and how they move. */
export interface RowCounters extends SiteCounters {
  /** Live bytes and blocks since the mark; only where one was given. */
  readonly grownBytes?: number;
  readonly grownBlocks?: number;
}

/** A node of the tree of stacks: its counters are those of all that is below it. */
export interface TreeRow extends RowCounters {
  readonly key: number;
  readonly depth: Count;
  readonly state: 'open' | 'closed' | 'leaf';
  /** What this frame allocates itself, of live bytes and blocks. */
  readonly selfBytes: Bytes;
  readonly selfBlocks: Count;
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly module: string | null;
  readonly offset: number | null;
  readonly user: boolean;
}

/** Sites summed up. */
export interface ViewRow extends RowCounters {
  /** The same in every state of this view, as long as the session lives. */
  readonly key: number;
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** Path; null where unknown. */
  readonly module: string | null;
  /** In the module; only where there is no name. */
  readonly offset: number | null;
  /** False: what a library allocates by itself. */
  readonly user: boolean;
  readonly language?: Frame['language'];
  /** Over the last second or two; absent for a row that allocates nothing, and until there are two looks. */
  readonly rate?: Rate;
  /** Of stacks only: innermost first. */
  readonly frames?: readonly string[];
  /** Of stacks only: where those frames are. */
  readonly places?: readonly (SourcePlace | null)[];
}

export interface SourcePlace {
  readonly file: string;
  readonly line: number;
}
