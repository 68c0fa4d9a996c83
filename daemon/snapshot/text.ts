/**
 * A snapshot as JSON text, in portions: the whole may be longer than a string can be (512 MiB).
 */
import type { StackNode } from '../../proto/snapshot.js';
import type { Recording, Stacks } from '../../views/profile.js';

const PORTION = 1 << 16;

export function* snapshotText({ stacks, sites, ...rest }: Recording): Iterable<string> {
  const head = JSON.stringify(rest);
  yield `${head.slice(0, head.length - 1)},"stacks":[`;
  yield* itemsText(stacks.count, (from, until) => nodesOf(stacks, from, until));
  yield '],"sites":[';
  yield* itemsText(sites.length, (from, until) => sites.slice(from, until));
  yield ']}\n';
}

/** What stands between the brackets of an array. */
function* itemsText(
  count: number,
  items: (from: number, until: number) => readonly unknown[],
): Iterable<string> {
  for (let from = 0; from < count; from += PORTION) {
    const text = JSON.stringify(items(from, Math.min(from + PORTION, count)));
    yield `${from === 0 ? '' : ','}${text.slice(1, text.length - 1)}`;
  }
}

const nodesOf = ({ parent, frame }: Stacks, from: number, until: number): readonly StackNode[] => {
  const nodes: StackNode[] = [];
  for (let at = from; at < until; at += 1) nodes.push({ parent: parent[at], frame: frame[at] });
  return nodes;
};
