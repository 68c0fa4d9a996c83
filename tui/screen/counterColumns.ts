/** Columns of what all rows with counters have: sums, nodes of the tree, source lines, stacks. Pure. */
import type { RowCounters } from '../../proto/messages.js';
import {
  formatBytes,
  formatBytesDelta,
  formatCount,
  formatCountDelta,
  formatShare,
} from '../../views/units.js';
import type { Row } from '../row.js';
import { type Column, figure } from './column.js';

export const countersOf = (row: Row): RowCounters | null => {
  if (row.kind === 'sum' || row.kind === 'node' || row.kind === 'stack') return row.row;
  return row.kind === 'source' ? row.source.row : null;
};

export const counted =
  (text: (row: RowCounters) => string) =>
  (row: Row): string => {
    const counters = countersOf(row);
    return counters ? text(counters) : '';
  };

export const LIVE = figure(
  'live',
  0,
  9,
  counted((row) => formatBytes(row.liveBytes)),
  'live',
);
export const BLOCKS = figure(
  'blocks',
  1,
  7,
  counted((row) => formatCount(row.liveBlocks)),
  'blocks',
);
export const GROWTH = figure(
  'growth',
  0.5,
  10,
  counted((row) => formatBytesDelta(row.grownBytes ?? 0)),
  'growth',
);
export const GROWN_BLOCKS = figure(
  '+blocks',
  4.5,
  8,
  counted((row) => formatCountDelta(row.grownBlocks ?? 0)),
);
export const PEAK = figure(
  'peak',
  2,
  9,
  counted((row) => formatBytes(row.peakBytes)),
  'peak',
);
export const TOTAL = figure(
  'total',
  4,
  9,
  counted((row) => formatBytes(row.totalBytes)),
  'total',
);
export const TEMPORARY = figure(
  'temporary',
  5,
  9,
  counted((row) => formatCount(row.temporaryBlocks)),
  'temporary',
);
export const TEMPORARY_SHARE = figure(
  'temp %',
  4.2,
  6,
  counted((row) => formatShare(row.temporaryBlocks, row.totalBlocks)),
);

export const share = (whole: number, priority: number): Column =>
  figure(
    'share',
    priority,
    7,
    counted((row) => formatShare(row.liveBytes, whole)),
  );
