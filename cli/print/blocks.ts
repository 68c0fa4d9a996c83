/** The largest live blocks as tracemalloc prints a traceback: size and age, then each frame with its source line. */
import type { BlockList, BlockRow, SiteKind } from '../../proto/snapshot.js';
import { functionName, placeName } from '../../views/names.js';
import { clean, cutEnd } from '../../views/text.js';
import { formatBytes, formatCount, formatDuration } from '../../views/units.js';
import { blocks } from './facts.js';
import { headingLines, type Surface } from './surface.js';

export const blockLines = (list: BlockList, surface: Surface): readonly string[] => [
  ...headingLines(headingOf(list), surface),
  ...(list.blocks.length === 0 ? ['  nothing'] : []),
  ...list.blocks.flatMap((block) => linesOf(block, surface)),
  ...(list.omittedBlocks > 0
    ? ['', `  ${blocks(list.omittedBlocks)} more in the snapshot; --limit N shows more`]
    : []),
];

const headingOf = ({ blocks: shown, liveBlocks }: BlockList): string =>
  `Largest live blocks, ${formatCount(shown.length)} of ${formatCount(liveBlocks)}, innermost frame first`;

const FRAMES_SHOWN = 24;

const KINDS: Readonly<Record<SiteKind, string>> = {
  heap: 'malloc',
  python: 'Python object',
  mmap: 'mapping',
};

const linesOf = ({ address, bytes, kind, ageMs, frames }: BlockRow, surface: Surface): readonly string[] => {
  const { paint, width, ellipsis } = surface;
  const cut = (text: string) => cutEnd(clean(text), width, ellipsis);
  const age = ageMs === undefined ? '' : `, ${formatDuration(ageMs)} old`;
  const exact = bytes < 1024 ? '' : ` (${formatCount(bytes)} bytes)`;
  return [
    '',
    paint.strong(cut(`  ${formatBytes(bytes)}${exact} at 0x${address.toString(16)}, ${KINDS[kind]}${age}`)),
    ...frames
      .slice(0, FRAMES_SHOWN)
      .flatMap((frame) => [
        cut(`    ${placeName(frame, surface.path)}  ${functionName(frame)}`),
        ...(frame.source === null ? [] : [paint.faint(cut(`      ${frame.source}`))]),
      ]),
    ...(frames.length > FRAMES_SHOWN
      ? [`    ${formatCount(frames.length - FRAMES_SHOWN)} more frames; --json has them all`]
      : []),
  ];
};
