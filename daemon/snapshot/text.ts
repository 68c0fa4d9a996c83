/**
 * A snapshot as JSON text, in portions: the whole may be longer than a string can be (512 MiB).
 */
import type { Recording } from '../../views/profile.js';
import { nodesText } from './nodesText.js';

const PORTION = 1 << 16;

export function* snapshotText({ stacks, sites, ...rest }: Recording): Iterable<string> {
  const head = JSON.stringify(rest);
  yield `${head.slice(0, head.length - 1)},"stacks":[`;
  yield* itemsText(stacks.count, (from, until) => nodesText(stacks, from, until));
  yield '],"sites":[';
  yield* itemsText(sites.length, (from, until) => JSON.stringify(sites.slice(from, until)).slice(1, -1));
  yield ']}\n';
}

/** What stands between the brackets of an array. */
function* itemsText(count: number, text: (from: number, until: number) => string): Iterable<string> {
  for (let from = 0; from < count; from += PORTION) {
    yield `${from > 0 ? ',' : ''}${text(from, Math.min(from + PORTION, count))}`;
  }
}
