/**
 * A snapshot as JSON in UTF-8, in portions: the whole may be longer than a string can be (512 MiB).
 */
import {
  NODE_TEXT_BYTES,
  SITE_HEAP,
  SITE_MMAP,
  SITE_NUMBERS,
  SITE_PYTHON,
  SITE_TEXT_BYTES,
} from '../../proto/generated/layout.js';
import type { Site, SiteKind } from '../../proto/snapshot.js';
import type { Recording, Stacks } from '../../views/profile.js';
import { coreLibrary } from '../core/library.js';

const PORTION = 1 << 14;

export function* snapshotText({ stacks, sites, ...rest }: Recording): Iterable<Uint8Array> {
  const head = JSON.stringify(rest);
  yield bytesOf(`${head.slice(0, head.length - 1)},"stacks":[`);
  yield* itemsText(stacks.count, (from, until) => nodesText(stacks, from, until));
  yield bytesOf('],"sites":[');
  yield* itemsText(sites.length, (from, until) => sitesText(sites, from, until));
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

const sitesText = (sites: readonly Site[], from: number, until: number): Uint8Array => {
  const text = new Uint8Array((until - from) * SITE_TEXT_BYTES);
  const numbers = new Float64Array((until - from) * SITE_NUMBERS);
  for (let site = from, at = 0; site < until; site += 1, at += SITE_NUMBERS) {
    const each = sites[site];
    numbers[at] = each.stack;
    numbers[at + 1] = KINDS[each.kind];
    numbers[at + 2] = each.liveBytes;
    numbers[at + 3] = each.liveBlocks;
    numbers[at + 4] = each.totalBytes;
    numbers[at + 5] = each.totalBlocks;
    numbers[at + 6] = each.peakBytes;
    numbers[at + 7] = each.peakBlocks;
    numbers[at + 8] = each.temporaryBlocks;
  }
  return text.subarray(0, coreLibrary().sitesText(numbers, until - from, text));
};

const KINDS: Readonly<Record<SiteKind, number>> = { heap: SITE_HEAP, mmap: SITE_MMAP, python: SITE_PYTHON };
