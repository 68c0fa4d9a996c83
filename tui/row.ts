/** One row of what is shown, of whatever view: what it holds, what is searched in, where it stands in the sources. */
import type { ProcessSummary, SourcePlace, TreeRow, ViewRow } from '../proto/messages.js';
import type { SizeClass, ThreadInfo } from '../proto/snapshot.js';
import { frameText } from '../views/names.js';

export type Row =
  | { readonly kind: 'sum'; readonly key: number; readonly row: ViewRow }
  | { readonly kind: 'node'; readonly key: number; readonly row: TreeRow }
  | { readonly kind: 'thread'; readonly key: number; readonly row: ThreadInfo }
  /** @param share of the live blocks of the fullest class */
  | { readonly kind: 'size'; readonly key: number; readonly row: SizeClass; readonly share: number }
  | { readonly kind: 'process'; readonly key: number; readonly row: ProcessSummary; readonly depth: number }
  /** Stands for all processes together. */
  | { readonly kind: 'all'; readonly key: number; readonly processes: number; readonly row: ProcessSums }
  | { readonly kind: 'text'; readonly key: number; readonly text: string }
  // Of a row that is looked into:
  /** @param share of the live blocks of the fullest class */
  | { readonly kind: 'class'; readonly key: number; readonly row: BlockClass; readonly share: number }
  /** @param place stands behind the text, and is seen however long that is */
  | { readonly kind: 'title'; readonly key: number; readonly text: string; readonly place?: string }
  | { readonly kind: 'source'; readonly key: number; readonly source: SourceRow }
  | { readonly kind: 'stack'; readonly key: number; readonly row: ViewRow }
  | {
      readonly kind: 'frame';
      readonly key: number;
      readonly text: string;
      readonly place: SourcePlace | null;
    };

/** What adds up over processes; their peaks need not have been at the same moment. */
export type ProcessSums = Pick<ProcessSummary, 'liveBytes' | 'rssBytes' | 'allocations' | 'pythonBytes'>;

/** Live blocks of an age or a size. */
export interface BlockClass {
  readonly name: string;
  readonly liveBlocks: number;
  readonly liveBytes: number;
}

export interface SourceRow extends SourcePlace {
  readonly text: string;
  /** What is allocated there; null for nothing. */
  readonly row: ViewRow | null;
  /** The one that was chosen. */
  readonly isChosen: boolean;
}

/** What is searched in. */
export const textOf = (row: Row): string => {
  switch (row.kind) {
    case 'sum':
    case 'node':
      return [frameText(row.row), row.row.module ?? ''].join(' ');
    case 'thread':
      return `${row.row.tid} ${row.row.name}`;
    case 'size':
      return String(row.row.bytes);
    case 'process':
      return `${row.row.pid} ${row.row.command.join(' ')}`;
    case 'all':
      return 'all processes';
    case 'source':
      return row.source.text;
    case 'stack':
      return row.row.frames?.[0] ?? '';
    case 'class':
      return row.row.name;
    case 'text':
    case 'title':
    case 'frame':
      return row.text;
  }
};

/** Null for what is of no place in the sources. */
export const sourceOf = (row: Row | undefined): SourcePlace | null => {
  switch (row?.kind) {
    case 'sum':
    case 'node': {
      const { file, line } = row.row;
      return file === null ? null : { file, line: line ?? 1 };
    }
    case 'source':
      return row.source;
    case 'stack':
      return row.row.places?.[0] ?? null;
    case 'frame':
      return row.place;
    default:
      return null;
  }
};
