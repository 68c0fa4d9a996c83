/**
 * The report at the end of `memtrace run`: what ran and how it ended, its figures, the ten lines that answer for
 * what is live at exit and for what was live at the peak, the other processes, what went wrong, what to do next.
 */
import type { GroupBy, Metric, SiteCounters } from '../../proto/snapshot.js';
import { blamedSites } from '../../views/blamedSites.js';
import { groupSites, type Row } from '../../views/group.js';
import { debugInfoNotes } from '../../views/notes.js';
import type { Recording } from '../../views/profile.js';
import { sumSites } from '../../views/sites.js';
import { formatBytes, formatDuration } from '../../views/units.js';
import { commandText, pathWord } from './command.js';
import { blocks, endText, liveTitle, mappedLines, noteLines, plural, totalsLines } from './facts.js';
import { type ProcessLine, processLines } from './processes.js';
import { splitRows, withSources } from './report.js';
import { ownAccountLines, rowLines } from './rows.js';
import { headingLines, type Surface } from './surface.js';

export interface EndOfRun {
  /** Of the first process. */
  readonly snapshot: Recording;
  readonly durationMs: number;
  /** What a row stands for. */
  readonly by: GroupBy;
  /** Rows of each table at most. */
  readonly limit: number;
  /** The other processes of the tree, in order of their start. */
  readonly others: readonly ProcessLine[];
  /** Where the snapshot is; null where none was kept. */
  readonly savedAs: string | null;
  /** Whether one was to be kept. */
  readonly isKept: boolean;
  /** What went wrong, with the remedy, beyond `snapshot.notes`. */
  readonly problems: readonly string[];
}

export const endLines = (end: EndOfRun, surface: Surface): readonly string[] => {
  const { snapshot } = end;
  const problems = [...end.problems, ...(snapshot.notes ?? []), ...debugInfoNotes(snapshot)];
  const rows = groupSites(snapshot, end.by, 'payload');
  const whole = sumSites(blamedSites(snapshot), 'payload');
  return [
    ...headingLines(`memtrace: ${headline(end, surface)}`, surface),
    ...totalsLines(snapshot, surface),
    '',
    ...topTable(capitalized(liveTitle(snapshot)), rows, whole, end, 'live', surface),
    '',
    ...topTable('Live at the peak', rows, whole, end, 'peak', surface),
    ...mappedLines(snapshot, 'payload', surface),
    ...(end.others.length > 0 ? ['', ...processLines(end.others, surface)] : []),
    ...noteLines([...new Set(problems)], surface),
    '',
    ...nextLines(end, surface),
  ];
};

const headline = ({ snapshot, durationMs }: EndOfRun, surface: Surface): string => {
  const { process } = snapshot;
  return `${commandText(process.command, surface.path)} (pid ${process.pid}) ${endText(process)} after ${formatDuration(durationMs)}`;
};

const topTable = (
  title: string,
  rows: readonly Row[],
  whole: SiteCounters,
  { snapshot, by, limit }: EndOfRun,
  sort: Metric,
  surface: Surface,
): readonly string[] => {
  const [bytes, count] =
    sort === 'peak' ? [whole.peakBytes, whole.peakBlocks] : [whole.liveBytes, whole.liveBlocks];
  const { user, libraries, omitted } = splitRows(rows, sort, limit);
  const top = omitted === 0 ? '' : `top ${user.length} `;
  return [
    ...headingLines(`${title}, ${top}by ${by}: ${formatBytes(bytes)} in ${blocks(count)}`, surface),
    ...(user.length > 0
      ? rowLines(withSources(user, snapshot), { by, sort, whole, figures: 'compact' }, surface)
      : ['  nothing that your code allocated']),
    ...(omitted > 0 ? [`  and ${plural(omitted, 'more row')}`] : []),
    ...ownAccountLines(libraries, sort, surface),
  ];
};

const nextLines = ({ savedAs, isKept }: EndOfRun, surface: Surface): readonly string[] => {
  if (savedAs === null)
    return [isKept ? 'No snapshot could be kept: see above.' : 'No snapshot was kept (--no-output).'];
  const file = pathWord(savedAs, surface.path);
  return [
    `Saved as ${file}`,
    `  memtrace report ${file} --by stack`,
    `  memtrace dump --diff ${file} LATER.json`,
  ];
};

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
