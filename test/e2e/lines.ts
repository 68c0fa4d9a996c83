/** Sums of a snapshot by source line of one file, for comparison with what the program says of itself. */
import { basename } from 'node:path';
import type { SiteCounters, Snapshot } from '../../proto/snapshot.js';
import { groupSites } from '../../views/group.js';
import { recordingOf } from '../../views/profile.js';

export type LineSums = Readonly<
  Record<number, Pick<SiteCounters, 'liveBlocks' | 'liveBytes' | 'totalBlocks'>>
>;

/** By line number of the file with this name; lines of other files are left out. */
export const linesOf = (snapshot: Snapshot, file: string): LineSums =>
  Object.fromEntries(
    groupSites(recordingOf(snapshot), 'line')
      .filter((row) => row.file !== null && row.line !== null && basename(row.file) === file)
      .map(({ line, liveBlocks, liveBytes, totalBlocks }) => [line, { liveBlocks, liveBytes, totalBlocks }]),
  );

/** What rows outside the program's own files hold: the C library's account. */
export const elsewhere = (snapshot: Snapshot, file: string): { blocks: number; total: number } => {
  const rows = groupSites(recordingOf(snapshot), 'line').filter(
    (row) => row.file === null || basename(row.file) !== file,
  );
  return {
    blocks: rows.reduce((sum, row) => sum + row.liveBlocks, 0),
    total: rows.reduce((sum, row) => sum + row.totalBlocks, 0),
  };
};
