/**
 * The figures above the tables. What was lost, unknown or truncated always stands there, also when it is 0: a
 * reader must be able to tell "none" from "not counted".
 */
import type { KindFilter, Totals } from '../../proto/snapshot.js';
import { blamedSites } from '../../views/blamedSites.js';
import type { Recording } from '../../views/profile.js';
import { sumSites } from '../../views/sites.js';
import { clean, wrap } from '../../views/text.js';
import { formatBytes, formatCount, formatDuration, formatShare } from '../../views/units.js';
import type { Surface } from './surface.js';

export const totalsLines = (snapshot: Recording, surface: Surface): readonly string[] => {
  const { capture, totals, process } = snapshot;
  const share = formatShare(totals.temporaryBlocks, totals.totalBlocks);
  const facts: readonly (readonly [string, string])[] = [
    ['allocations', `${formatCount(capture.allocations)}, ${formatBytes(totals.totalBytes)} in total`],
    ['frees', formatCount(capture.frees)],
    ['temporary', `${formatCount(totals.temporaryBlocks)}${share && ` (${share} of all blocks)`}`],
    ['peak', `${formatBytes(totals.peakBytes)} after ${formatDuration(totals.peakAtMs)}`],
    [liveTitle(snapshot), `${formatBytes(totals.liveBytes)} in ${blocks(totals.liveBlocks)}`],
    ...pythonFact(snapshot),
    ['RSS', rssText(totals)],
    ['not seen', unseen(snapshot)],
    ...(process.inherited ? [['inherited', inherited(process.inherited)] as const] : []),
    ...(capture.mode === 'sampled' ? [['sampled', 'figures are estimates'] as const] : []),
  ];
  const longest = Math.max(...facts.map(([name]) => name.length));
  const indent = ' '.repeat(longest + 4);
  return facts.flatMap(([name, value]) => wrap(`  ${name.padEnd(longest)}  ${value}`, surface.width, indent));
};

const rssText = ({ rssBytes, peakRssBytes }: Totals): string => {
  if (peakRssBytes === 0) return 'unknown: it was over before anybody looked';
  // A program that changed its root sees no /proc at its end.
  const last = rssBytes === 0 ? '' : `${formatBytes(rssBytes)}, `;
  return `${last}at most ${formatBytes(peakRssBytes)}`;
};

/** Objects of the Python interpreter, which the heap's figures do not hold. */
const pythonFact = (snapshot: Recording): readonly (readonly [string, string])[] => {
  const python = sumSites(blamedSites(snapshot), 'python');
  if (python.totalBlocks === 0) return [];
  const { totalBlocks, totalBytes, liveBytes, liveBlocks, peakBytes } = python;
  const text = `${formatCount(totalBlocks)} beside the heap's, ${formatBytes(totalBytes)} in total, at most ${formatBytes(peakBytes)}; live ${formatBytes(liveBytes)} in ${blocks(liveBlocks)}`;
  return [['Python objects', text]];
};

/** "1 block", "2 blocks". */
export const blocks = (count: number): string => plural(count, 'block');

export const plural = (count: number, one: string): string =>
  `${formatCount(count)} ${one}${count === 1 ? '' : 's'}`;

const unseen = ({ capture }: Recording): string =>
  [
    `${plural(capture.lost, 'event')} lost`,
    plural(capture.unknownFrees, 'unknown free'),
    plural(capture.truncatedStacks, 'truncated stack'),
    ...(capture.untracedChildren
      ? [`${formatCount(capture.untracedChildren)} untraced child processes`]
      : []),
  ].join(', ');

const inherited = (from: NonNullable<Recording['process']['inherited']>): string =>
  `${formatBytes(from.bytes)} in ${blocks(from.blocks)} of the parent, ${formatCount(from.frees)} freed here`;

/** What was mapped directly, where the tables leave it out. Thread stacks are not among it: docs/limits.md. */
export const mappedLines = (snapshot: Recording, shown: KindFilter, surface: Surface): readonly string[] => {
  if (shown !== 'heap' && shown !== 'payload') return [];
  const mapped = sumSites(blamedSites(snapshot), 'mmap');
  if (mapped.totalBlocks === 0) return [];
  const live = `${formatBytes(mapped.liveBytes)} in ${plural(mapped.liveBlocks, 'mapping')}`;
  const text = `Mapped directly, apart from the heap: live ${live}, at most ${formatBytes(mapped.peakBytes)} (files, pools and whatever else called mmap itself; --kind mmap shows them)`;
  return ['', ...wrap(text, surface.width)];
};

/** What the reader should know, one paragraph each. */
export const noteLines = (notes: readonly string[], surface: Surface): readonly string[] =>
  notes.length === 0
    ? []
    : ['', ...notes.flatMap((note) => wrap(`note: ${clean(note)}`, surface.width)).map(surface.paint.alarm)];

/** How the last state of a process is called. */
export const liveTitle = ({ process }: Recording): string =>
  process.exitCode === null && process.signal === null ? 'live' : 'live at exit';

/** "exited with 0", "was killed by SIGKILL", "was still running" … */
export const endText = (process: Pick<Recording['process'], 'exitCode' | 'signal' | 'state'>): string => {
  if (process.signal !== null) return `was killed by ${process.signal}`;
  if (process.exitCode !== null) return `exited with ${process.exitCode}`;
  if (process.state === 'replaced') return 'became another program';
  // It left no word of its own: a signal whose sender only its parent knows, or a bare system call.
  return process.state === 'killed' ? 'was killed or left unseen' : 'was still running';
};
