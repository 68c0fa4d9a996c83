/** One grouping of one snapshot as a document: what `memtrace report` prints, as text or as JSON. */
import type { Count, GroupBy, KindFilter, Metric, Report, ReportRow, Snapshot } from '../proto/snapshot.js';
import { REPORT_SCHEMA } from '../proto/snapshot.js';
import { groupSites, type Row } from './group.js';
import { frameText } from './names.js';
import { debugInfoNotes } from './notes.js';
import { topRows } from './order.js';
import { sumSites } from './profile.js';
import { sourceText } from './source.js';

export interface ReportOptions {
  readonly by: GroupBy;
  readonly sort: Metric;
  readonly kind: KindFilter;
  readonly limit?: Count;
}

export const reportOf = (snapshot: Snapshot, { by, sort, kind, limit }: ReportOptions): Report => {
  const top = topRows(groupSites(snapshot, by, kind), sort, limit);
  return {
    schema: REPORT_SCHEMA,
    by,
    sort,
    kind,
    process: snapshot.process,
    capture: snapshot.capture,
    totals: snapshot.totals,
    sum: sumSites(snapshot.sites, kind),
    rows: top.rows.map((row) => reportRow(row, snapshot)),
    omittedRows: top.omitted,
    notes: [...(snapshot.notes ?? []), ...debugInfoNotes(snapshot)],
  };
};

const reportRow = ({ stack, ...row }: Row, snapshot: Snapshot): ReportRow => ({
  ...row,
  source: sourceText(snapshot.sources, row.file, row.line),
  ...(stack ? { frames: stack().map((frame) => frameText(frame)) } : {}),
});
