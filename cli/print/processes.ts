/** The other processes of a session, one line each; those that ran untraced with the reason. */
import type { ProcessInfo } from '../../proto/snapshot.js';
import { formatBytes, formatCount } from '../../views/units.js';
import { commandText } from './command.js';
import { endText } from './facts.js';
import { headingLines, type Surface } from './surface.js';
import { clean, cutEnd, wrap } from './text.js';

export type ProcessLine =
  | {
      readonly kind: 'traced';
      readonly process: Pick<ProcessInfo, 'pid' | 'command' | 'exitCode' | 'signal' | 'state'>;
      readonly allocations: number;
      readonly peakBytes: number;
      readonly liveBytes: number;
      /** Its snapshot, where one was kept. */
      readonly savedAs: string | null;
    }
  | {
      readonly kind: 'untraced';
      readonly process: Pick<ProcessInfo, 'pid' | 'command'>;
      readonly reason: string;
    };

export const processLines = (others: readonly ProcessLine[], surface: Surface): readonly string[] => {
  const longest = Math.max(...others.map(({ process }) => String(process.pid).length));
  return [
    ...headingLines(`Other processes: ${formatCount(others.length)}`, surface),
    ...others.flatMap((each) => {
      const text = `  ${String(each.process.pid).padStart(longest)}  ${nameOf(each, surface)}: ${summary(each, surface)}`;
      return wrap(text, surface.width, ' '.repeat(longest + 4));
    }),
  ];
};

const NAME_LONGEST = 40;

const nameOf = ({ process }: ProcessLine, surface: Surface): string =>
  cutEnd(commandText(process.command, surface.path), NAME_LONGEST, surface.ellipsis);

const summary = (each: ProcessLine, surface: Surface): string =>
  each.kind === 'untraced'
    ? `not traced: ${clean(each.reason)}`
    : [
        endText(each.process),
        `${formatCount(each.allocations)} allocations`,
        `peak ${formatBytes(each.peakBytes)}`,
        `live ${formatBytes(each.liveBytes)}`,
        ...(each.savedAs === null ? [] : [surface.path(each.savedAs)]),
      ].join(', ');
