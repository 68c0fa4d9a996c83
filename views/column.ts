/**
 * A growing column of 32-bit integers, one per stack: a list of numbers takes twice the memory, and there may be
 * millions of stacks and a column or two per view.
 */
export type Column = Int32Array<ArrayBuffer>;

/** @returns the column itself, or a longer one that starts with the same; what is new is 0 */
export const withRoom = (column: Column, count: number): Column => {
  if (count <= column.length) return column;
  const longer = new Int32Array(Math.max(count, Math.ceil(GROWTH * column.length)));
  longer.set(column);
  return longer;
};

const GROWTH = 1.5;

export const NO_COLUMN: Column = new Int32Array(0);
