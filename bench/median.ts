/** What counts of several rounds: one that a busy machine spoiled changes nothing. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
