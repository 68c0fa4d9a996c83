/**
 * A snapshot as JSON in UTF-8, in portions: the whole may be longer than a string can be (512 MiB).
 */
import { NODE_TEXT_BYTES, SITE_COUNTERS, SITE_TEXT_BYTES } from '../../proto/generated/layout.js';
import type { Recording, Stacks } from '../../views/profile.js';
import type { Sites } from '../../views/sites.js';
import { coreLibrary } from '../core/library.js';

/** A portion at most; all are written to the same place: new memory for each would cost more than what is written. */
const ROOM_BYTES = 1 << 21;

/** Each portion is good until the next one is asked for. */
export function* snapshotText({ frames, stacks, sites, ...rest }: Recording): Iterable<Uint8Array> {
  const head = JSON.stringify(rest);
  yield bytesOf(`${head.slice(0, head.length - 1)},"frames":`);
  yield bytesOf(JSON.stringify(frames));
  yield bytesOf(',"stacks":[');
  const needed = Math.max(NODE_TEXT_BYTES * stacks.count, SITE_TEXT_BYTES * sites.count);
  const room = new Uint8Array(1 + Math.min(ROOM_BYTES, needed));
  yield* itemsText(room, stacks.count, NODE_TEXT_BYTES, nodesWriter(stacks));
  yield bytesOf('],"sites":[');
  yield* itemsText(room, sites.count, SITE_TEXT_BYTES, sitesWriter(sites));
  yield bytesOf(']}\n');
}

/** For those that need it whole. @throws RangeError when it is longer than a string can be */
export const wholeText = (recording: Recording): string => {
  const decoder = new TextDecoder();
  return Array.from(snapshotText(recording), (portion) => decoder.decode(portion)).join('');
};

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const COMMA = 0x2c;

/** @returns how many bytes it took */
type Writer = (from: number, count: number, out: Uint8Array) => number;

/** What stands between the brackets of an array. */
function* itemsText(room: Uint8Array, count: number, itemBytes: number, write: Writer): Iterable<Uint8Array> {
  const portion = Math.floor((room.length - 1) / itemBytes);
  room[0] = COMMA;
  for (let from = 0; from < count; from += portion) {
    const bytes = write(from, Math.min(portion, count - from), room.subarray(1));
    yield room.subarray(from > 0 ? 0 : 1, 1 + bytes);
  }
}

/** There may be millions: JSON.stringify takes an object for each, and 640 ns; the core takes 20. */
const nodesWriter =
  ({ parent, frame }: Stacks): Writer =>
  (from, count, out) =>
    coreLibrary().nodesText(
      parent.subarray(from, from + count),
      frame.subarray(from, from + count),
      count,
      out,
    );

const sitesWriter = ({ stack, kind, counters }: Sites): Writer => {
  const length = counters.length / SITE_COUNTERS;
  return (from, count, out) => coreLibrary().sitesText(stack, kind, counters, length, from, count, out);
};
