/**
 * What changed between two snapshots, row by row.
 *
 * Rows are matched by the names views/group.ts tells groups apart by, never by address: the loader puts
 * everything somewhere else in every run.
 */
import type {
  Bytes,
  Change,
  Count,
  Diff,
  DiffMetric,
  DiffRow,
  GroupBy,
  KindFilter,
  SiteCounters,
} from '../proto/snapshot.js';
import { DIFF_SCHEMA } from '../proto/snapshot.js';
import type { Filter } from './filter.js';
import { createGroupTable, type Group, groupStacks, sumGroups } from './group.js';
import { wholeFrameText } from './names.js';
import { compareNames, sizeOf } from './order.js';
import type { Profile, Recording } from './profile.js';
import { emptySum } from './sites.js';
import { sourceText } from './source.js';

export interface DiffOptions {
  readonly by: GroupBy;
  readonly metric: DiffMetric;
  readonly kind: KindFilter;
  /** How many rows at most; all without it. */
  readonly limit?: Count;
  /** Names, and figures of the newer snapshot with their growth. */
  readonly filter?: Filter | null;
}

export const diffSnapshots = (before: Recording, after: Recording, options: DiffOptions): Diff => {
  const { by, metric, kind, limit = Number.POSITIVE_INFINITY } = options;
  const groups = groupsOf(before, after, options);
  const rows = changedOf(groups);
  return {
    schema: DIFF_SCHEMA,
    by,
    metric,
    kind,
    totals: sumOf(groups.map(({ bytes }) => bytes)),
    blocks: sumOf(groups.map(({ blocks }) => blocks)),
    rows: rows.slice(0, limit).map(({ group, bytes, blocks, state }) => ({
      function: group.function,
      file: group.file,
      line: group.line,
      bytes,
      blocks,
      state,
      module: group.module,
      offset: group.offset,
      source:
        sourceText(after.sources, group.file, group.line) ??
        sourceText(before.sources, group.file, group.line),
      user: group.user,
      ...(group.stack ? { frames: group.stack().map(wholeFrameText) } : {}),
    })),
    omittedRows: Math.max(0, rows.length - limit),
    warnings: mismatchWarnings(before, after),
  };
};

const sumOf = (changes: readonly Change[]): Change =>
  change(
    changes.reduce((sum, { before }) => sum + before, 0),
    changes.reduce((sum, { after }) => sum + after, 0),
  );

interface ComparedGroup {
  readonly group: Group;
  readonly bytes: Change;
  readonly blocks: Change;
  readonly state: NonNullable<DiffRow['state']>;
}

/** All groups that the filter lets through, those that did not change among them. */
const groupsOf = (
  before: Profile,
  after: Profile,
  { by, metric, kind, filter }: DiffOptions,
): readonly ComparedGroup[] => {
  const table = createGroupTable(by);
  const sumsBefore = sumGroups(groupStacks(table, before), before.sites, kind);
  const sumsAfter = sumGroups(groupStacks(table, after), after.sites, kind);
  const passes = (group: Group, index: number): boolean => {
    if (!filter) return true;
    const now = sumsAfter[index] ?? emptySum();
    const grownBytes = now.liveBytes - (sumsBefore[index]?.liveBytes ?? 0);
    return filter.matchesNames(group.stack?.() ?? [group]) && filter.matchesFigures({ ...now, grownBytes });
  };
  return table.groups
    .map((group, index) => ({ group, index }))
    .filter(({ group, index }) => passes(group, index))
    .map(({ group, index }) => changeOf(group, sumsBefore[index], sumsAfter[index], metric));
};

/** Those that changed, largest change first. */
const changedOf = (groups: readonly ComparedGroup[]): readonly ComparedGroup[] =>
  groups
    .filter(({ bytes, blocks }) => bytes.delta !== 0 || blocks.delta !== 0)
    .sort(
      (a, b) =>
        Math.abs(b.bytes.delta) - Math.abs(a.bytes.delta) ||
        Math.abs(b.blocks.delta) - Math.abs(a.blocks.delta) ||
        compareNames(a.group, b.group),
    );

const changeOf = (
  group: Group,
  before: SiteCounters | undefined,
  after: SiteCounters | undefined,
  metric: DiffMetric,
): ComparedGroup => {
  const from = sizeOf(before ?? emptySum(), metric);
  const to = sizeOf(after ?? emptySum(), metric);
  const state = isEmpty(from) ? 'new' : isEmpty(to) ? 'gone' : 'changed';
  return { group, state, bytes: change(from.bytes, to.bytes), blocks: change(from.blocks, to.blocks) };
};

const isEmpty = (size: { readonly bytes: Bytes; readonly blocks: Count }): boolean =>
  size.bytes === 0 && size.blocks === 0;

const change = (before: number, after: number): Change => ({ before, after, delta: after - before });

/** What makes a comparison doubtful. */
const mismatchWarnings = (before: Recording, after: Recording): readonly string[] => {
  const a = programName(before);
  const b = programName(after);
  const warnings: string[] = [];
  if (a !== b)
    warnings.push(`the two snapshots are of different programs: ${a} and ${b}; few rows will match`);
  if (before.capture.mode !== after.capture.mode)
    warnings.push(
      `one snapshot is ${before.capture.mode}, the other ${after.capture.mode}: figures differ by that alone`,
    );
  if (a === b && before.process.pid === after.process.pid && before.process.takenAt > after.process.takenAt)
    warnings.push('the first snapshot is the later one: growth shows as shrinking');
  return warnings;
};

const programName = (snapshot: Recording): string => {
  const path = snapshot.process.executable || snapshot.process.command[0] || '(unknown)';
  return path.slice(path.lastIndexOf('/') + 1).replace(/ \(deleted\)$/, '');
};
