/** Says in a person's words why a module's names are missing, and what to do. */
import type { Holding } from './heldFile.js';
import type { ModuleProblem } from './model.js';
import type { ModuleStatus } from './protocol.js';

export interface ProblemFacts {
  readonly path: string;
  readonly buildId: string | null;
  readonly holding: Holding | null;
  /** null: not looked at yet */
  readonly status: ModuleStatus | null;
  /** how the symbolizer died over it, when it was given up */
  readonly fatal: string | null;
}

export const problemOf = (facts: ProblemFacts): ModuleProblem | null => {
  const problem = (text: string, remedy: string | null): ModuleProblem => ({
    path: facts.path,
    kind: 'file',
    problem: text,
    remedy,
  });
  const bare = (text: string): ModuleProblem => ({
    ...problem(text, 'build it with -g, and do not strip it; of a Debian package install the -dbgsym'),
    kind: 'debugInfo',
  });
  if (facts.fatal !== null)
    return problem(
      `unreadable: the symbolizer died twice over it (${facts.fatal})`,
      'its debug information is damaged: build it again',
    );
  if (facts.status === null || isVdso(facts.path)) return null;
  switch (facts.status.state) {
    case 'lines':
      return facts.status.detail === ''
        ? null
        : problem(
            `only a part of its debug information was found: ${facts.status.detail}; names and inlined calls are missing`,
            'put those files back where they were when it was built',
          );
    case 'symbols':
      return bare('no debug information: functions, but no source lines');
    case 'exports':
      return bare('stripped: only its exported functions have names');
    case 'stripped':
      return bare('stripped: no names');
    case 'compressed':
      return problem(
        `debug information that libdw cannot read: ${facts.status.detail}`,
        'build it with -gz=zlib or -gz=none (libdw before 0.189 does not know zstd)',
      );
    case 'mismatch':
      return replaced(facts, facts.status.detail);
    case 'unreadable':
      if (facts.holding?.kind === 'replaced') return replaced(facts, facts.holding.foundBuildId ?? '');
      if (facts.holding?.kind === 'unreachable')
        return problem(`cannot be opened: ${facts.holding.why}`, null);
      return problem(`unreadable: ${facts.status.detail}`, null);
  }
};

export const isVdso = (path: string): boolean => path === '[vdso]' || path === 'linux-vdso.so.1';

const replaced = ({ path, buildId }: ProblemFacts, found: string): ModuleProblem => ({
  path,
  kind: 'file',
  problem: `replaced after the program loaded it: the file has build-id ${found || '(none)'}, the program ${buildId ?? '(none)'}`,
  remedy: 'start the program again, or install the debug file of the build that is running',
});
