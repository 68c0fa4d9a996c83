/** One grouping of one snapshot as a document: what `memtrace report` prints, as text or as JSON. */
import type { Count, GroupBy, KindFilter, Metric, Report, ReportRow } from '../proto/snapshot.js';
import { REPORT_SCHEMA } from '../proto/snapshot.js';
import { type Filter, filterRows } from './filter.js';
import { groupSites, type Row } from './group.js';
import { wholeFrameText } from './names.js';
import { debugInfoNotes } from './notes.js';
import { topRows } from './order.js';
import type { Recording } from './profile.js';
import { addTo, emptySum, sumSites } from './sites.js';
import { sourceText } from './source.js';

export interface ReportOptions {
  readonly by: GroupBy;
  readonly sort: Metric;
  readonly kind: KindFilter;
  readonly limit?: Count;
  readonly filter?: Filter | null;
}

export const reportOf = (snapshot: Recording, options: ReportOptions): Report => {
  const { by, sort, kind, limit, filter = null } = options;
  const rows = filterRows(groupSites(snapshot, by, kind), filter);
  const top = topRows(rows, sort, limit);
  return {
    schema: REPORT_SCHEMA,
    by,
    sort,
    kind,
    process: snapshot.process,
    capture: snapshot.capture,
    totals: snapshot.totals,
    sum: filter ? sumRows(rows) : sumSites(snapshot.sites, kind),
    rows: top.rows.map((row) => reportRow(row, snapshot)),
    omittedRows: top.omitted,
    notes: [...(snapshot.notes ?? []), ...debugInfoNotes(snapshot)],
  };
};

const sumRows = (rows: readonly Row[]): Report['sum'] => {
  const sum = emptySum();
  for (const row of rows) addTo(sum, row);
  return sum;
};

const reportRow = ({ stack, language: _, ...row }: Row, snapshot: Recording): ReportRow => ({
  ...row,
  source: sourceText(snapshot.sources, row.file, row.line),
  ...(stack ? { frames: stack().map(wholeFrameText) } : {}),
});
