/** The columns of each view: what stands in them and which go first when there is no room. Pure. */
import type {
  ProcessSummary,
  RowCounters,
  SortKey,
  SourcePlace,
  TreeChoice,
  ViewRow,
} from '../../proto/messages.js';
import type { SizeClass, ThreadInfo } from '../../proto/snapshot.js';
import { baseName, functionName, type PathStyle, placeName } from '../../views/names.js';
import {
  formatBytes,
  formatBytesDelta,
  formatCount,
  formatCountDelta,
  formatDuration,
  formatShare,
} from '../../views/units.js';
import { LOOKS_KEPT } from '../history.js';
import type { BlockClass, Row } from '../rows.js';
import type { Place } from '../state.js';
import { barText, type Marks, sparkText } from './glyphs.js';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Right-aligned columns are as wide as their text, at least this. */
  readonly least: number;
  /** The larger, the earlier it is left out. */
  readonly priority: number;
  /** What it sorts by, if it does. */
  readonly sort?: SortKey;
  /** Texts that are too long lose their start (paths) or their end. */
  readonly cut: 'start' | 'end';
  /** @param columns how many there are for it; bars are made to fit */
  readonly text: (row: Row, columns?: number) => string;
}

/** Figures first, then who: at most two columns that share what room there is. */
export interface Columns {
  readonly figures: readonly Column[];
  readonly names: readonly Column[];
  /** The share of the width that the names keep at least, where they say more than figures do. */
  readonly namesShare?: number;
}

const DETAIL_NAMES_SHARE = 0.62;
const TREE_NAMES_SHARE = 0.45;

export interface ColumnsLook {
  /** Live bytes of all rows, for shares. */
  readonly whole: number;
  readonly path: PathStyle;
  readonly marks: Marks;
  readonly hasMark: boolean;
  /** Of the tree of stacks. */
  readonly direction: TreeChoice['direction'];
  /** The recent past of a row; null where there is only one look. */
  readonly past: ((key: number) => readonly number[]) | null;
}

export const columnsOf = (place: Place, look: ColumnsLook): Columns => {
  switch (place) {
    case 'processes':
      return { figures: PROCESS_FIGURES, names: PROCESS_NAMES };
    case 'output':
      return { figures: [], names: OUTPUT_NAMES };
    case 'threads':
      return { figures: THREAD_FIGURES, names: THREAD_NAMES };
    case 'sizes':
      return { figures: SIZE_FIGURES, names: sizeNames(look) };
    case 'stacks':
      return { figures: treeFigures(look), names: treeNames(look), namesShare: TREE_NAMES_SHARE };
    case 'detail':
      return { figures: detailFigures(look), names: detailNames(look), namesShare: DETAIL_NAMES_SHARE };
    default:
      return { figures: sumFigures(look), names: sumNames(place, look.path) };
  }
};

const figure = (
  title: string,
  priority: number,
  least: number,
  text: (row: Row) => string,
  sort?: SortKey,
): Column => ({ title, align: 'right', least, priority, cut: 'end', text, ...(sort ? { sort } : {}) });

const name = (title: string, cut: Column['cut'], text: Column['text']): Column => ({
  title,
  align: 'left',
  least: 0,
  priority: 0,
  cut,
  text,
});

// ---- counters: of sums, of nodes, of source lines ----

const countersOf = (row: Row): RowCounters | null => {
  if (row.kind === 'sum' || row.kind === 'node' || row.kind === 'stack') return row.row;
  return row.kind === 'source' ? row.source.row : null;
};

const counted =
  (text: (row: RowCounters) => string) =>
  (row: Row): string => {
    const counters = countersOf(row);
    return counters ? text(counters) : '';
  };

const LIVE = figure(
  'live',
  0,
  9,
  counted((row) => formatBytes(row.liveBytes)),
  'live',
);
const BLOCKS = figure(
  'blocks',
  1,
  7,
  counted((row) => formatCount(row.liveBlocks)),
  'blocks',
);
const GROWTH = figure(
  'growth',
  0.5,
  10,
  counted((row) => formatBytesDelta(row.grownBytes ?? 0)),
  'growth',
);
const GROWN_BLOCKS = figure(
  '+blocks',
  4.5,
  8,
  counted((row) => formatCountDelta(row.grownBlocks ?? 0)),
);
const PEAK = figure(
  'peak',
  2,
  9,
  counted((row) => formatBytes(row.peakBytes)),
  'peak',
);
const TOTAL = figure(
  'total',
  4,
  9,
  counted((row) => formatBytes(row.totalBytes)),
  'total',
);
const TEMPORARY = figure(
  'temporary',
  5,
  9,
  counted((row) => formatCount(row.temporaryBlocks)),
  'temporary',
);
const TEMPORARY_SHARE = figure(
  'of all',
  8,
  7,
  counted((row) => formatShare(row.temporaryBlocks, row.totalBlocks)),
);

const share = (whole: number, priority: number): Column =>
  figure(
    'share',
    priority,
    7,
    counted((row) => formatShare(row.liveBytes, whole)),
  );

const ofSum =
  (text: (row: ViewRow) => string) =>
  (row: Row): string =>
    row.kind === 'sum' ? text(row.row) : '';

const RATE = figure(
  'alloc/s',
  3,
  9,
  ofSum(({ rate }) => (rate ? formatBytes(rate.bytesPerSecond) : '')),
  'rate',
);

const sumFigures = ({ past, ...look }: ColumnsLook): readonly Column[] => [
  LIVE,
  ...(look.hasMark ? [GROWTH] : []),
  share(look.whole, 6),
  BLOCKS,
  ...(look.hasMark ? [GROWN_BLOCKS] : []),
  PEAK,
  ...(past ? [RATE] : []),
  TOTAL,
  TEMPORARY,
  TEMPORARY_SHARE,
  ...(past
    ? [figure('recently', 7, LOOKS_KEPT, (row) => sparkText(past(row.key), LOOKS_KEPT, look.marks))]
    : []),
];

const sumNames = (view: Place, path: PathStyle): readonly Column[] => {
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

// ---- the tree of stacks ----

const BAR = 8;

const treeFigures = (look: ColumnsLook): readonly Column[] => [
  LIVE,
  ...(look.hasMark ? [GROWTH] : []),
  figure('self', 1, 9, (row) => (row.kind === 'node' ? formatBytes(row.row.selfBytes) : '')),
  share(look.whole, 3),
  figure('', 2, BAR, (row) =>
    barText((countersOf(row)?.liveBytes ?? 0) / (look.whole || 1), BAR, look.marks),
  ),
  { ...BLOCKS, priority: 4 },
  { ...PEAK, priority: 5 },
  { ...TOTAL, priority: 6 },
  { ...TEMPORARY, priority: 7 },
];

/** Deeper ones are no longer moved to the right. */
const DEEPEST = 24;

const treeNames = ({ marks, path, direction }: ColumnsLook): readonly Column[] => [
  name(direction === 'down' ? 'callers first' : 'allocators first', 'end', (row) => {
    if (row.kind !== 'node') return '';
    const { depth, state } = row.row;
    const place = placeName(row.row, path);
    const who = row.row.function === null ? place : `${row.row.function}  ${place}`;
    return `${' '.repeat(Math.min(depth, DEEPEST))}${marks[state]} ${who}`;
  }),
];

// ---- a row that is looked into ----

const unsorted = ({ sort: _, ...column }: Column): Column => column;

/** What also classes of blocks have. */
const orOfClass = (column: Column, text: (row: BlockClass) => string): Column => ({
  ...column,
  text: (row) => (row.kind === 'class' ? text(row.row) : column.text(row)),
});

const eachText = ({ liveBlocks, liveBytes }: BlockClass | RowCounters): string =>
  liveBlocks > 0 ? formatBytes(liveBytes / liveBlocks) : '';

const detailFigures = (look: ColumnsLook): readonly Column[] => [
  orOfClass(unsorted(LIVE), ({ liveBytes }) => formatBytes(liveBytes)),
  ...(look.hasMark ? [unsorted(GROWTH)] : []),
  orOfClass(unsorted(BLOCKS), ({ liveBlocks }) => formatCount(liveBlocks)),
  orOfClass(figure('each', 2, 9, counted(eachText)), eachText),
  unsorted(TOTAL),
];

const CLASS_NAME = 15;
const CLASS_BAR = 10;

const detailNames = ({ marks, path }: ColumnsLook): readonly Column[] => [
  name('', 'end', (row) => {
    switch (row.kind) {
      case 'source': {
        const { line, text, isChosen } = row.source;
        return `${isChosen ? marks.here : ' '}${String(line).padStart(5)}  ${text.replace(/\t/g, '    ')}`;
      }
      case 'stack':
        return shortened(row.row.frames?.[0] ?? placeName(row.row, path), row.row.places?.[0] ?? null, path);
      case 'class':
        return `${row.row.name.padEnd(CLASS_NAME)} ${barText(row.share, CLASS_BAR, marks).trimEnd()}`;
      case 'frame':
        return `  ${shortened(row.text, row.place, path)}`;
      default:
        return row.kind === 'title' ? row.text : '';
    }
  }),
];

/** A frame's text with its file as paths are written here. */
const shortened = (text: string, place: SourcePlace | null, path: PathStyle): string =>
  place ? text.replace(place.file, () => path(place.file)) : text;

// ---- threads ----

const ofThread =
  (text: (row: ThreadInfo) => string) =>
  (row: Row): string =>
    row.kind === 'thread' ? text(row.row) : '';

const bytesOrNot = (bytes: number | undefined): string => (bytes === undefined ? '?' : formatBytes(bytes));
const countOrNot = (count: number | undefined): string => (count === undefined ? '?' : formatCount(count));

const THREAD_FIGURES: readonly Column[] = [
  figure(
    'tid',
    1,
    7,
    ofThread(({ tid }) => String(tid)),
  ),
  figure(
    'live',
    0,
    9,
    ofThread(({ liveBytes }) => bytesOrNot(liveBytes)),
    'live',
  ),
  figure(
    'total',
    2,
    9,
    ofThread(({ totalBytes }) => bytesOrNot(totalBytes)),
    'total',
  ),
  figure(
    'allocations',
    3,
    11,
    ofThread(({ allocations }) => countOrNot(allocations)),
    'blocks',
  ),
  figure(
    'temporary',
    4,
    9,
    ofThread(({ temporaryBlocks }) => countOrNot(temporaryBlocks)),
    'temporary',
  ),
  figure(
    'frees',
    5,
    11,
    ofThread(({ frees }) => countOrNot(frees)),
  ),
];
const THREAD_NAMES: readonly Column[] = [
  name(
    'thread',
    'end',
    ofThread((row) => row.name || '(no name)'),
  ),
];

// ---- sizes ----

const ofSize =
  (text: (row: SizeClass) => string) =>
  (row: Row): string =>
    row.kind === 'size' ? text(row.row) : '';

const SIZE_FIGURES: readonly Column[] = [
  figure(
    'size from',
    0,
    9,
    ofSize(({ bytes }) => formatBytes(bytes)),
  ),
  figure(
    'live blocks',
    1,
    11,
    ofSize(({ liveBlocks }) => countOrNot(liveBlocks)),
  ),
  figure(
    'live',
    2,
    9,
    ofSize(({ liveBytes }) => bytesOrNot(liveBytes)),
  ),
  figure(
    'all blocks',
    3,
    11,
    ofSize(({ blocks }) => formatCount(blocks)),
  ),
  figure(
    'total',
    4,
    9,
    ofSize(({ totalBytes }) => bytesOrNot(totalBytes)),
  ),
];

const SIZE_BAR = 32;
const sizeNames = ({ marks }: ColumnsLook): readonly Column[] => [
  name('histogram', 'end', (row, columns = SIZE_BAR) =>
    row.kind === 'size' ? barText(row.share, Math.min(SIZE_BAR, columns), marks).trimEnd() : '',
  ),
];

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
    if (row.kind === 'all') return `all ${row.processes} processes`;
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
