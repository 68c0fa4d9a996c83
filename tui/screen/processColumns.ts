/** The columns of processes. Pure. */
import type { ProcessSummary } from '../../proto/messages.js';
import { baseName } from '../../views/names.js';
import { formatBytes, formatCount, formatDuration } from '../../views/units.js';
import type { ProcessSums, Row } from '../row.js';
import { type Column, type ColumnsLook, figure, name } from './column.js';

const ofProcess =
  (text: (row: ProcessSummary) => string) =>
  (row: Row): string =>
    row.kind === 'process' ? text(row.row) : '';

/** Of all processes together, too. */
const ofSums =
  (text: (row: ProcessSums) => string) =>
  (row: Row): string =>
    row.kind === 'process' || row.kind === 'all' ? text(row.row) : '';

const PYTHON: Column = figure(
  'Python',
  2,
  9,
  ofSums(({ pythonBytes }) => (pythonBytes === undefined ? '' : formatBytes(pythonBytes))),
);

export const processFigures = ({ hasPython }: Pick<ColumnsLook, 'hasPython'>): readonly Column[] => [
  figure(
    'pid',
    0,
    7,
    ofProcess(({ pid }) => (pid === 0 ? '?' : String(pid))),
  ),
  figure(
    'live',
    1,
    9,
    ofSums(({ liveBytes }) => formatBytes(liveBytes)),
    'live',
  ),
  ...(hasPython ? [PYTHON] : []),
  figure(
    'peak',
    3,
    9,
    ofProcess(({ peakBytes }) => formatBytes(peakBytes)),
    'peak',
  ),
  figure(
    'RSS',
    4,
    9,
    ofSums(({ rssBytes }) => formatBytes(rssBytes)),
  ),
  figure(
    'allocations',
    5,
    11,
    ofSums(({ allocations }) => formatCount(allocations)),
    'blocks',
  ),
  figure(
    'time',
    6,
    8,
    ofProcess(({ elapsedMs }) => formatDuration(elapsedMs)),
  ),
  figure('state', 2, 10, ofProcess(processState)),
];

/** Deeper ones are no longer moved to the right. */
const DEEPEST = 12;

export const PROCESS_NAMES: readonly Column[] = [
  name('command', 'end', (row) => {
    if (row.kind === 'all') return `all ${row.processes} processes`;
    if (row.kind !== 'process') return '';
    const [program = '?', ...args] = row.row.command;
    const why = row.row.untraced === null ? '' : `  (${row.row.untraced})`;
    return `${'  '.repeat(Math.min(row.depth, DEEPEST))}${[baseName(program), ...args].join(' ')}${why}`;
  }),
];

function processState({ state, exitCode, signal, untraced }: ProcessSummary): string {
  if (untraced !== null) return 'not traced';
  if (state === 'exited') return `exited ${exitCode ?? '?'}`;
  return state === 'killed' ? (signal ?? 'killed') : state;
}
