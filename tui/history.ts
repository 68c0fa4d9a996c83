/** The recent past of each row of the view that is shown: a value per look. Pure. */
import type { Table } from '../proto/messages.js';

export interface History {
  /** The view whose rows these are. */
  readonly view: string;
  readonly values: ReadonlyMap<number, readonly number[]>;
}

export const NO_HISTORY: History = { view: '', values: new Map() };

/** As many as a sparkline shows. */
export const LOOKS_KEPT = 12;

/** Rows that are not among those that came are forgotten. */
export const withLook = (history: History, view: string, table: Table | undefined): History => {
  if (!table || !('sum' in table) || table.view === 'tree') return history;
  const before = history.view === view ? history.values : NO_HISTORY.values;
  const values = new Map<number, readonly number[]>();
  for (const { key, liveBytes } of table.rows)
    values.set(key, [...(before.get(key) ?? []).slice(1 - LOOKS_KEPT), liveBytes]);
  return { view, values };
};
