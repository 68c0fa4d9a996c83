/** What stands above every view: whose memory this is, how it is doing, and what was not seen. Pure. */
import type { Header, MarkedLive, ProcessSummary } from '../../proto/messages.js';
import type { Index, Totals } from '../../proto/snapshot.js';
import { baseName, type PathStyle } from '../../views/names.js';
import { cutEnd, width } from '../../views/text.js';
import { formatBytes, formatBytesDelta, formatCount, formatDuration } from '../../views/units.js';
import { type State, shownPicture } from '../state.js';
import { fitParts, type Line, type Part, type Span, span } from './cells.js';

/** @returns three lines */
export const headerLines = (state: State, path: PathStyle): readonly Line[] => {
  const { columns } = state.size;
  const { header } = shownPicture(state);
  const parts = header
    ? [factsOf(header, state.highest), captureOf(header)]
    : [[{ spans: [span('waiting…')], priority: 0 }], []];
  return [
    fitParts(titleOf(state, header, path), columns, '  '),
    ...parts.map((each) => fitParts(each, columns, '   ')),
  ];
};

const titleOf = (state: State, header: Header | null, path: PathStyle): readonly Part[] => {
  const process = header?.process ?? null;
  const [program = '', ...args] = process?.command ?? state.session.command;
  const name = [path(program), ...args].join(' ');
  return [
    ...warningsOf(state),
    { spans: [span(fittingName(path(program), name, state.size.columns), 'strong')], priority: 1 },
    ...(state.process === 'all' && header
      ? [{ spans: [span(`all ${header.processes} processes`)], priority: 1 }]
      : process
        ? [{ spans: [span(`pid ${process.pid}`)], priority: 3 }]
        : []),
    ...(process && header ? [{ spans: [stateSpan(process, header)], priority: 2 }] : []),
    ...(process ? [{ spans: [span(formatDuration(process.elapsedMs))], priority: 4 }] : []),
    ...(state.process !== 'all' && header && header.processes > 1
      ? [{ spans: [span(`1 of ${header.processes} processes`, 'faint')], priority: 5 }]
      : []),
    ...markOf(state, header),
    ...(header && header.untraced > 0
      ? [{ spans: [span(`${header.untraced} not traced`, 'alarm')], priority: 5 }]
      : []),
  ];
};

/** Room is left for its state. */
const fittingName = (program: string, name: string, columns: number): string => {
  const room = Math.max(12, Math.min(60, columns - 28));
  if (width(name) <= room) return name;
  return width(program) > room ? cutEnd(baseName(program), room, '...') : cutEnd(name, room, '...');
};

const markOf = ({ mark, process }: State, header: Header | null): readonly Part[] => {
  if (!mark || !header) return [];
  const before = mark.live && liveThen(mark.live, process === 'all' ? 'all' : header.process?.index);
  const grown = before === null ? 'marked' : formatBytesDelta(payloadOf(header.totals) - before);
  const since = Math.max(0, Date.parse(header.takenAt) - Date.parse(mark.takenAt)) || 0;
  return [{ spans: [span(`${grown} in ${formatDuration(since)} since the mark`, 'strong')], priority: 2 }];
};

/** What rows sum up: of the heap, and objects of Python's own allocator. */
const payloadOf = ({ liveBytes, python }: Totals): number => liveBytes + (python?.liveBytes ?? 0);

/** Of a process that came later: nothing. */
const liveThen = (live: readonly MarkedLive[], process: Index | 'all' | undefined): number =>
  live
    .filter(({ index }) => process === 'all' || index === process)
    .reduce((sum, { liveBytes }) => sum + liveBytes, 0);

const warningsOf = (state: State): readonly Part[] => [
  ...stateWarnings(state),
  ...[laggingOf(state)].flatMap((ms) =>
    ms > NOTICED_MS
      ? [{ spans: [span(`[this view: ${formatDuration(ms)} before]`, 'alarm')], priority: 0 }]
      : [],
  ),
];

/** Views that are not looked at are brought up to date now and then; what stands still may stand there long. */
const NOTICED_MS = 2000;

/** By how much what is shown is older than the header, where no newer is to be had. */
const laggingOf = (state: State): number => {
  const { connection, held, view, detail } = state;
  const { header, lookedAt } = shownPicture(state);
  const looked = view === 'output' || detail ? undefined : lookedAt[view];
  if (!header || looked === undefined || (connection.kind === 'live' && !held)) return 0;
  return Date.parse(header.takenAt) - Date.parse(looked);
};

const stateWarnings = ({ connection, held, silentMs }: State): readonly Part[] => [
  ...(connection.kind === 'live' && silentMs > 0
    ? [{ spans: [span(`[NO NEWS FOR ${formatDuration(silentMs)}]`, 'alarm')], priority: 0 }]
    : []),
  ...(held ? [{ spans: [span('[HELD]', 'alarm')], priority: 0 }] : []),
  ...(connection.kind === 'lost'
    ? [{ spans: [span('[DAEMON GONE, last state]', 'alarm')], priority: 0 }]
    : connection.kind === 'over'
      ? [{ spans: [span('[ENDED]', 'alarm')], priority: 0 }]
      : []),
];

const stateSpan = ({ state, exitCode, signal, untraced }: ProcessSummary, header: Header): Span => {
  if (untraced !== null) return span('not traced', 'alarm');
  switch (state) {
    case 'killed':
      return span(`killed by ${signal ?? 'a signal'}`, 'alarm');
    case 'exited':
      return span(`exited ${exitCode ?? '?'}`, exitCode === 0 ? 'strong' : 'alarm');
    case 'replaced':
      return span('became another program');
    case 'running':
      return header.running ? span('running', 'good') : span('ended');
  }
};

const fact = (name: string, value: string, priority: number, tone: Span['style'] = 'strong'): Part => ({
  spans: [span(`${name} `, 'faint'), span(value, tone)],
  priority,
});

const factsOf = ({ totals, rate, mapped }: Header, highest: number | null): readonly Part[] => {
  const gap = totals.rssBytes - totals.liveBytes;
  return [
    fact('live', formatBytes(totals.liveBytes), 0),
    fact('blocks', formatCount(totals.liveBlocks), 6),
    fact('peak', formatBytes(totals.peakBytes), 1),
    ...(highest === null ? [] : [fact('since ^R', formatBytes(highest), 2)]),
    ...pythonFacts(totals),
    fact('RSS', formatBytes(totals.rssBytes), 2),
    ...(gap > 0 ? [fact('not heap', formatBytes(gap), 3)] : []),
    ...(mapped.liveBytes > 0 ? [fact('mapped', formatBytes(mapped.liveBytes), 7)] : []),
    ...(rate ? [fact('allocs', `${formatCount(rate.allocationsPerSecond)}/s`, 4)] : []),
  ];
};

/** Objects of the interpreter's own allocator, which the figures before do not hold. */
const pythonFacts = ({ python }: Totals): readonly Part[] =>
  python
    ? [
        fact('Python', formatBytes(python.liveBytes), 0),
        fact('Python peak', formatBytes(python.peakBytes), 3),
      ]
    : [];

/** Always there, also when 0: a reader must be able to tell "none" from "not counted". */
const captureOf = ({ capture, totals, rate, ownBytes }: Header): readonly Part[] => {
  const counted = (name: string, count: number, priority: number) =>
    fact(name, formatCount(count), priority, count > 0 ? 'alarm' : 'plain');
  return [
    counted('lost', capture.lost, 0),
    counted('unknown', capture.unknownFrees, 1),
    counted('truncated', capture.truncatedStacks, 2),
    ...(rate ? [fact('bytes', `${formatBytes(rate.bytesPerSecond)}/s`, 4, 'plain')] : []),
    fact('total', formatBytes(totals.totalBytes), 5, 'plain'),
    fact('allocations', formatCount(capture.allocations), 6, 'plain'),
    ...(capture.mode === 'sampled' ? [{ spans: [span('estimates (sampled)', 'alarm')], priority: 0 }] : []),
    fact('memtrace', formatBytes(ownBytes), 3, 'plain'),
  ];
};
