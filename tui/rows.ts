/** The rows of the view that is shown, in the order in which they are shown. Pure. */
import type { ProcessSummary, ViewRow } from '../proto/messages.js';
import { metricOf } from '../views/order.js';
import type { Output } from './output.js';
import { type ShownView, type State, shownPicture } from './state.js';

export type Row =
  | { readonly kind: 'sum'; readonly key: number; readonly row: ViewRow }
  | { readonly kind: 'process'; readonly key: number; readonly row: ProcessSummary; readonly depth: number }
  /** Stands for all processes together. */
  | { readonly kind: 'all'; readonly key: number; readonly processes: number }
  | { readonly kind: 'text'; readonly key: number; readonly text: string };

const KEY_OF_ALL = -1;
const NO_PARENT = -1;

export const rowsOf = (state: State, view: ShownView = state.view): readonly Row[] => {
  if (view === 'output') return outputRows(shownPicture(state).output);
  const table = shownPicture(state).tables[view];
  if (!table) return [];
  if (table.view === 'processes') return processRows(table.rows);
  if (table.view === 'threads' || table.view === 'sizes') return [];
  const { sort, order } = state;
  const sign = order === 'descending' ? 1 : -1;
  // What has just been sorted by another key is put right here, until the daemon's answer comes.
  return [...table.rows]
    .sort((a, b) => sign * (metricOf(b, sort) - metricOf(a, sort)))
    .map((row) => ({ kind: 'sum', key: row.key, row }));
};

/** Without the last one while it is empty: what follows a line break. */
const outputRows = (output: Output | null): readonly Row[] =>
  (output?.lines ?? []).flatMap((text, at, all): readonly Row[] =>
    at === all.length - 1 && text === '' ? [] : [{ kind: 'text', key: (output?.dropped ?? 0) + at, text }],
  );

/** Children below their parents, in the order of their start. */
const processRows = (processes: readonly ProcessSummary[]): readonly Row[] => {
  const known = new Set(processes.map(({ index }) => index));
  const childrenOf = new Map<number, ProcessSummary[]>();
  for (const process of processes) {
    const parent = process.parent !== null && known.has(process.parent) ? process.parent : NO_PARENT;
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), process]);
  }
  const below = (parent: number, depth: number): readonly Row[] =>
    (childrenOf.get(parent) ?? []).flatMap((row): readonly Row[] => [
      { kind: 'process', key: row.index, row, depth },
      ...below(row.index, depth + 1),
    ]);
  const rows = below(NO_PARENT, 0);
  return rows.length < 2 ? rows : [{ kind: 'all', key: KEY_OF_ALL, processes: rows.length }, ...rows];
};
