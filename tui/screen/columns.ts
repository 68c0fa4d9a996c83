/** The columns of each view: what stands in them and which go first when there is no room. Pure. */
import type { ProcessSummary, ViewRow } from '../../proto/messages.js';
import type { Metric } from '../../proto/snapshot.js';
import { baseName, functionName, type PathStyle, placeName } from '../../views/names.js';
import { formatBytes, formatCount, formatDuration, formatShare } from '../../views/units.js';
import type { Row } from '../rows.js';
import type { ShownView } from '../state.js';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Right-aligned columns are as wide as their text, at least this. */
  readonly least: number;
  /** The larger, the earlier it is left out. */
  readonly priority: number;
  /** What it sorts by, if it does. */
  readonly sort?: Metric;
  /** Texts that are too long lose their start (paths) or their end. */
  readonly cut: 'start' | 'end';
  readonly text: (row: Row) => string;
}

/** Figures first, then who: at most two columns that share what room there is. */
export interface Columns {
  readonly figures: readonly Column[];
  readonly names: readonly Column[];
}

export const columnsOf = (view: ShownView, whole: number, path: PathStyle): Columns =>
  view === 'processes'
    ? { figures: PROCESS_FIGURES, names: PROCESS_NAMES }
    : view === 'output'
      ? { figures: [], names: OUTPUT_NAMES }
      : { figures: sumFigures(whole), names: sumNames(view, path) };

const figure = (
  title: string,
  priority: number,
  least: number,
  text: (row: Row) => string,
  sort?: Metric,
): Column => ({ title, align: 'right', least, priority, cut: 'end', text, ...(sort ? { sort } : {}) });

const name = (title: string, cut: Column['cut'], text: (row: Row) => string): Column => ({
  title,
  align: 'left',
  least: 0,
  priority: 0,
  cut,
  text,
});

// ---- sums: lines, functions, … ----

const ofSum =
  (text: (row: ViewRow) => string) =>
  (row: Row): string =>
    row.kind === 'sum' ? text(row.row) : '';

/** @param whole live bytes of all rows, for shares */
const sumFigures = (whole: number): readonly Column[] => [
  figure(
    'live',
    0,
    9,
    ofSum((row) => formatBytes(row.liveBytes)),
    'live',
  ),
  figure(
    'share',
    5,
    7,
    ofSum((row) => formatShare(row.liveBytes, whole)),
  ),
  figure(
    'blocks',
    1,
    7,
    ofSum((row) => formatCount(row.liveBlocks)),
    'blocks',
  ),
  figure(
    'peak',
    2,
    9,
    ofSum((row) => formatBytes(row.peakBytes)),
    'peak',
  ),
  figure(
    'total',
    3,
    9,
    ofSum((row) => formatBytes(row.totalBytes)),
    'total',
  ),
  figure(
    'temporary',
    4,
    9,
    ofSum((row) => formatCount(row.temporaryBlocks)),
    'temporary',
  ),
  figure(
    'of all',
    6,
    7,
    ofSum((row) => formatShare(row.temporaryBlocks, row.totalBlocks)),
  ),
];

const sumNames = (view: ShownView, path: PathStyle): readonly Column[] => {
  const place = name(
    'where',
    'start',
    ofSum((row) =>
      view === 'modules' ? (row.module ? path(row.module) : '(no module)') : placeName(row, path),
    ),
  );
  const who = name(
    'function',
    'end',
    ofSum((row) => functionName(row)),
  );
  if (view === 'functions') return [who, place];
  return view === 'lines' ? [place, who] : [place];
};

// ---- processes ----

const ofProcess =
  (text: (row: ProcessSummary) => string) =>
  (row: Row): string =>
    row.kind === 'process' ? text(row.row) : '';

const PROCESS_FIGURES: readonly Column[] = [
  figure(
    'pid',
    0,
    7,
    ofProcess(({ pid }) => String(pid)),
  ),
  figure(
    'live',
    1,
    9,
    ofProcess(({ liveBytes }) => formatBytes(liveBytes)),
  ),
  figure(
    'peak',
    3,
    9,
    ofProcess(({ peakBytes }) => formatBytes(peakBytes)),
  ),
  figure(
    'RSS',
    4,
    9,
    ofProcess(({ rssBytes }) => formatBytes(rssBytes)),
  ),
  figure(
    'allocations',
    5,
    11,
    ofProcess(({ allocations }) => formatCount(allocations)),
  ),
  figure(
    'time',
    6,
    8,
    ofProcess(({ elapsedMs }) => formatDuration(elapsedMs)),
  ),
  figure('state', 2, 10, ofProcess(processState)),
];

const PROCESS_NAMES: readonly Column[] = [
  name('command', 'end', (row) => {
    if (row.kind === 'all') return `all ${row.processes} processes together`;
    if (row.kind !== 'process') return '';
    const [program = '?', ...args] = row.row.command;
    const why = row.row.untraced === null ? '' : `  (${row.row.untraced})`;
    return `${'  '.repeat(row.depth)}${[baseName(program), ...args].join(' ')}${why}`;
  }),
];

// ---- output ----

const OUTPUT_NAMES: readonly Column[] = [
  name('what the program writes', 'end', (row) => (row.kind === 'text' ? row.text : '')),
];

function processState({ state, exitCode, signal, untraced }: ProcessSummary): string {
  if (untraced !== null) return 'not traced';
  if (state === 'exited') return `exited ${exitCode ?? '?'}`;
  return state === 'killed' ? (signal ?? 'killed') : state;
}
