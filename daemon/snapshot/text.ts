/**
 * A snapshot as JSON in UTF-8, in portions: the whole may be longer than a string can be (512 MiB).
 */
import { NODE_TEXT_BYTES, SITE_COUNTERS, SITE_TEXT_BYTES } from '../../proto/generated/layout.js';
import type { Recording, Stacks } from '../../views/profile.js';
import type { Sites } from '../../views/sites.js';
import { coreLibrary } from '../core/library.js';

const PORTION = 1 << 14;

export function* snapshotText({ stacks, sites, ...rest }: Recording): Iterable<Uint8Array> {
  const head = JSON.stringify(rest);
  yield bytesOf(`${head.slice(0, head.length - 1)},"stacks":[`);
  yield* itemsText(stacks.count, (from, until) => nodesText(stacks, from, until));
  yield bytesOf('],"sites":[');
  yield* itemsText(sites.count, (from, until) => sitesText(sites, from, until));
  yield bytesOf(']}\n');
}

/** For those that need it whole. @throws RangeError when it is longer than a string can be */
export const wholeText = (recording: Recording): string => {
  const decoder = new TextDecoder();
  return Array.from(snapshotText(recording), (portion) => decoder.decode(portion)).join('');
};

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const COMMA = bytesOf(',');

/** What stands between the brackets of an array. */
function* itemsText(count: number, text: (from: number, until: number) => Uint8Array): Iterable<Uint8Array> {
  for (let from = 0; from < count; from += PORTION) {
    if (from > 0) yield COMMA;
    yield text(from, Math.min(from + PORTION, count));
  }
}

/** There may be millions: JSON.stringify takes an object for each, and 640 ns; the core takes 20. */
const nodesText = ({ parent, frame }: Stacks, from: number, until: number): Uint8Array => {
  const text = new Uint8Array((until - from) * NODE_TEXT_BYTES);
  const parents = parent.subarray(from, until);
  const frames = frame.subarray(from, until);
  return text.subarray(0, coreLibrary().nodesText(parents, frames, until - from, text));
};

const sitesText = (sites: Sites, from: number, until: number): Uint8Array => {
  const text = new Uint8Array((until - from) * SITE_TEXT_BYTES);
  const { stack, kind, counters } = sites;
  const length = counters.length / SITE_COUNTERS;
  return text.subarray(0, coreLibrary().sitesText(stack, kind, counters, length, from, until - from, text));
};
