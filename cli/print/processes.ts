/** The other processes of a session, one line each; those that ran untraced with the reason. */
import type { ProcessInfo, PythonTotals } from '../../proto/snapshot.js';
import { clean, cutEnd, widest, wrap } from '../../views/text.js';
import { formatBytes, formatCount } from '../../views/units.js';
import { commandText } from './command.js';
import { endText } from './facts.js';
import { headingLines, type Surface } from './surface.js';

export type ProcessLine =
  | {
      readonly kind: 'traced';
      readonly process: Pick<ProcessInfo, 'pid' | 'command' | 'exitCode' | 'signal' | 'state'>;
      readonly allocations: number;
      readonly peakBytes: number;
      readonly liveBytes: number;
      /** Its objects, which are in none of the other figures. */
      readonly python?: Pick<PythonTotals, 'peakBytes' | 'liveBytes'>;
      /** Its snapshot, where one was kept. */
      readonly savedAs: string | null;
    }
  | {
      readonly kind: 'untraced';
      readonly process: Pick<ProcessInfo, 'pid' | 'command'>;
      readonly reason: string;
    }
  | {
      /** Processes that the user did not want to see. */
      readonly kind: 'excluded';
      readonly count: number;
      readonly names: readonly string[];
    }
  | {
      /** Processes that are not listed one by one. */
      readonly kind: 'rest';
      readonly count: number;
      /** So many of them. */
      readonly notTraced: number;
      readonly allocations: number;
      readonly liveBytes: number;
      readonly pythonLiveBytes: number;
    };

export const processLines = (others: readonly ProcessLine[], surface: Surface): readonly string[] => {
  const pids = others.map((each) => ('count' in each ? '' : pidText(each.process.pid)));
  const longest = widest(pids);
  const count = others.reduce((sum, each) => sum + ('count' in each ? each.count : 1), 0);
  return [
    ...headingLines(`Other processes: ${formatCount(count)}`, surface),
    ...others.flatMap((each, at) => {
      const text = `  ${pids[at]?.padStart(longest)}  ${lineOf(each, surface)}`;
      return wrap(text, surface.width, ' '.repeat(longest + 4));
    }),
  ];
};

const lineOf = (each: ProcessLine, surface: Surface): string => {
  if (each.kind === 'excluded') return `${formatCount(each.count)} excluded: ${excludedNames(each.names)}`;
  return each.kind === 'rest' ? restText(each) : `${nameOf(each, surface)}: ${summary(each, surface)}`;
};

const restText = (rest: Extract<ProcessLine, { readonly kind: 'rest' }>): string => {
  const notTraced = rest.notTraced > 0 ? `, ${formatCount(rest.notTraced)} of them not traced` : '';
  const python = rest.pythonLiveBytes > 0 ? `, Python live ${formatBytes(rest.pythonLiveBytes)}` : '';
  const figures = `${formatCount(rest.allocations)} allocations, live ${formatBytes(rest.liveBytes)}${python}`;
  return `and ${formatCount(rest.count)} more${notTraced}: ${figures} (--limit 0 lists all)`;
};

const MOST_NAMES = 10;

/** The shell of a system() has none that is known. */
const pidText = (pid: number): string => (pid === 0 ? '?' : String(pid));

/** Each once, without the folders. */
export const excludedNames = (names: readonly string[]): string => {
  const all = [...new Set(names.map((name) => clean(name.slice(name.lastIndexOf('/') + 1))))].toSorted();
  const more = all.length - MOST_NAMES;
  return `${all.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${formatCount(more)} more names` : ''}`;
};

type Named = Extract<ProcessLine, { readonly kind: 'traced' | 'untraced' }>;

const NAME_LONGEST = 40;

const nameOf = ({ process }: Named, surface: Surface): string =>
  cutEnd(commandText(process.command, surface.path), NAME_LONGEST, surface.ellipsis);

const summary = (each: Named, surface: Surface): string =>
  each.kind === 'untraced'
    ? `not traced: ${clean(each.reason)}`
    : [
        endText(each.process),
        `${formatCount(each.allocations)} allocations`,
        `peak ${formatBytes(each.peakBytes)}`,
        `live ${formatBytes(each.liveBytes)}`,
        ...(each.python
          ? [
              `Python peak ${formatBytes(each.python.peakBytes)}`,
              `Python live ${formatBytes(each.python.liveBytes)}`,
            ]
          : []),
        ...(each.savedAs === null ? [] : [surface.path(each.savedAs)]),
      ].join(', ');
