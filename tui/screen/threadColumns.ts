/** The columns of threads. Pure. */
import type { ThreadInfo } from '../../proto/snapshot.js';
import type { Row } from '../row.js';
import { bytesOrNot, type Column, countOrNot, figure, name } from './column.js';

const ofThread =
  (text: (row: ThreadInfo) => string) =>
  (row: Row): string =>
    row.kind === 'thread' ? text(row.row) : '';

export const THREAD_FIGURES: readonly Column[] = [
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
export const THREAD_NAMES: readonly Column[] = [
  name(
    'thread',
    'end',
    ofThread((row) => row.name || '(no name)'),
  ),
];
