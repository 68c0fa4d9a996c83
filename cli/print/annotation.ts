/** A source file with figures beside its lines. */
import type { AnnotatedLine, Annotation, SiteCounters } from '../../proto/snapshot.js';
import { clean, cutEnd, padStart, widest } from '../../views/text.js';
import { formatBytes, formatCount } from '../../views/units.js';
import { blocks, noteLines } from './facts.js';
import { headingLines, type Surface } from './surface.js';

export const annotationLines = (annotation: Annotation, surface: Surface): readonly string[] => {
  const cells = annotation.lines.map(({ counters }) =>
    FIGURES.map(({ of }) => (counters ? of(counters) : '')),
  );
  const widths = FIGURES.map(({ title }, at) => widest([title, ...cells.map((row) => row[at] ?? '')]));
  const numberWidth = Math.max(4, String(annotation.lines.at(-1)?.line ?? 0).length);
  const shownFigures = figuresBeside(widths, surface.width - numberWidth - TEXT_LEAST);
  const row = (figures: readonly string[]) =>
    widths
      .slice(0, shownFigures)
      .map((width, at) => padStart(figures[at] ?? '', width))
      .join('  ');
  const head = `  ${row(FIGURES.map(({ title }) => title))}  ${padStart('line', numberWidth)}`;
  const gap = surface.paint.faint(`  ${surface.ellipsis}`);
  const printed = annotation.lines.flatMap((line, at) => {
    const before = annotation.lines[at - 1]?.line ?? line.line - 1;
    const figures = row(cells[at] ?? []);
    const text = `  ${figures}  ${padStart(String(line.line), numberWidth)}  ${shown(line)}`;
    const cut = cutEnd(text.trimEnd(), surface.width, surface.ellipsis);
    return [...(before === line.line - 1 ? [] : [gap]), line.counters ? cut : surface.paint.faint(cut)];
  });
  return [
    ...headingLines(headingOf(annotation, surface), surface),
    surface.paint.faint(cutEnd(head, surface.width, surface.ellipsis)),
    ...printed,
    ...noteLines(annotation.notes, surface),
  ];
};

/** The source is what one came for: below this many columns of it, figures make way. */
const TEXT_LEAST = 30;

/** How many figures there is room for, the first one in any case. */
const figuresBeside = (widths: readonly number[], room: number): number => {
  const gaps = 4; // before the first, and round the number of the line
  const ends = widths.map((_, at) => widths.slice(0, at + 1).reduce((sum, width) => sum + width + 2, gaps));
  return Math.max(1, ends.filter((end) => end <= room).length);
};

/** The first ones matter most. */
const FIGURES: readonly { readonly title: string; readonly of: (counters: SiteCounters) => string }[] = [
  { title: 'live', of: ({ liveBytes }) => formatBytes(liveBytes) },
  { title: 'blocks', of: ({ liveBlocks }) => formatCount(liveBlocks) },
  { title: 'at peak', of: ({ peakBytes }) => formatBytes(peakBytes) },
  { title: 'total', of: ({ totalBytes }) => formatBytes(totalBytes) },
  { title: 'allocations', of: ({ totalBlocks }) => formatCount(totalBlocks) },
];

const TAB = '    ';

const shown = ({ text }: AnnotatedLine): string => clean((text ?? '').replace(/\t/g, TAB));

const headingOf = ({ file, function: name, count, sum }: Annotation, { path }: Surface): string => {
  const where = name === null ? path(file) : `${name} in ${path(file)}`;
  const what = count === 'self' ? 'by each line itself' : 'by each line and what it calls';
  return `${where}, ${what}: live ${formatBytes(sum.liveBytes)} in ${blocks(sum.liveBlocks)}, ${formatBytes(sum.totalBytes)} in total`;
};
