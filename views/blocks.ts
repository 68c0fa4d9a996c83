/** The largest live blocks of a snapshot, each with its own stack: what tracemalloc calls an object's traceback. */
import type { BlockFrame, BlockList, BlockRow, Count, KindFilter, LiveBlock } from '../proto/snapshot.js';
import { BLOCKS_SCHEMA } from '../proto/snapshot.js';
import { blameOf } from './blame.js';
import { type Filter, filterRows } from './filter.js';
import { type FrameName, frameNames, groupHead, type Row } from './group.js';
import { isInterpreter } from './ownership.js';
import { frameAt, modulePath, type Recording } from './profile.js';
import { emptySum, kindMatches, sumSites } from './sites.js';
import { sourceText } from './source.js';

export interface BlockOptions {
  readonly kind: KindFilter;
  readonly limit: Count;
  readonly filter?: Filter | null;
}

/** @returns null where the snapshot has none, being of an older memtrace */
export const blockList = (
  snapshot: Recording,
  { kind, limit, filter = null }: BlockOptions,
): BlockList | null => {
  if (!snapshot.blocks) return null;
  const rows = snapshot.blocks
    .filter((block) => kindMatches(block.kind, kind))
    .map((block) => ({ ...rowOf(snapshot, block), block }));
  const found = filterRows(rows, filter);
  const shown = found.slice(0, limit).map(({ block }) => blockRow(snapshot, block));
  return {
    schema: BLOCKS_SCHEMA,
    kind,
    process: snapshot.process,
    blocks: shown,
    omittedBlocks: found.length - shown.length,
    liveBlocks: sumSites(snapshot.sites, kind).liveBlocks,
  };
};

/** A block as a row of its own, so that the filter language applies to it. */
const rowOf = (snapshot: Recording, { stack, bytes }: LiveBlock): Row => {
  const blame = blameOf(snapshot);
  const frame = frameAt(snapshot, blame.nodeOf(stack));
  if (!frame) throw new RangeError(`stack ${stack} is not in the snapshot`);
  const names = () => frameNames(snapshot, blame.callerOf(stack));
  return {
    ...groupHead('stack', frame, modulePath(snapshot, frame), blame.isUser(stack), names),
    ...emptySum(),
    liveBytes: bytes,
    liveBlocks: 1,
  };
};

const blockRow = (snapshot: Recording, { address, bytes, kind, stack, ageMs }: LiveBlock): BlockRow => ({
  address,
  bytes,
  kind,
  ...(ageMs === undefined ? {} : { ageMs }),
  frames: withoutInterpreter(frameNames(snapshot, blameOf(snapshot).callerOf(stack))).map(
    ({ function: name, file, line, module, offset }): BlockFrame => ({
      function: name,
      file,
      line,
      module,
      offset,
      source: sourceText(snapshot.sources, file, line),
    }),
  ),
});

/** A stack with Python lines is read by these: the interpreter's C functions between them are left out. */
const withoutInterpreter = (frames: readonly FrameName[]): readonly FrameName[] =>
  frames.some(isPython) ? frames.filter((frame) => isPython(frame) || !isInterpreter(frame.module)) : frames;

const isPython = ({ language }: FrameName): boolean => language === 'python';
