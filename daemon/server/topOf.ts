/** The k largest of many, without sorting the many: a view of 100,000 stacks shows two hundred of them. */

interface Candidate {
  readonly index: number;
  readonly value: number;
}

/**
 * @param figureOf the figure of element `index`; null for one that does not take part
 * @returns indices of the `limit` largest, largest first, of equal ones those that come first
 */
export const topOf = (
  length: number,
  figureOf: (index: number) => number | null,
  limit: number,
): readonly number[] => {
  // Filled beyond the limit, then sorted and cut: two or three sorts of a small list in all.
  const room = 4 * limit + 64;
  let kept: Candidate[] = [];
  let least = Number.NEGATIVE_INFINITY;
  const cut = () => {
    kept.sort((a, b) => b.value - a.value || a.index - b.index);
    kept = kept.slice(0, limit);
    if (kept.length === limit) least = kept.at(-1)?.value ?? least;
  };
  for (let index = 0; index < length; index += 1) {
    const value = figureOf(index);
    if (value === null || value <= least) continue;
    kept.push({ index, value });
    if (kept.length >= room) cut();
  }
  cut();
  return kept.map(({ index }) => index);
};
