/** A command in a tmux of its own: keys are sent to it, its screen is read as a person would. */

import { execFileSync } from 'node:child_process';
import type { ExecutionContext } from 'ava';
import { newFolder } from '../folders.js';
import { until } from '../until.js';

export interface Tmux {
  /** An empty folder, where the command runs. */
  readonly folder: string;
  /** Names as tmux has them: "Enter", "C-z", "q". */
  readonly press: (...keys: readonly string[]) => void;
  readonly type: (text: string) => void;
  readonly screen: () => string;
  /** Until the screen is like that. @returns the screen */
  readonly until: (what: RegExp) => Promise<string>;
  readonly resize: (columns: number, rows: number) => void;
}

const ANSWER_MS = 20_000;

/** @param command for sh; the tmux and all in it end with the test */
export const inTmux = (
  t: ExecutionContext,
  command: string,
  environment: Readonly<Record<string, string>> = {},
): Tmux => {
  const folder = newFolder();
  const env = { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TMUX: undefined, ...environment };
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-f', '/dev/null', '-S', `${folder}/tmux`, ...args], {
      env,
      encoding: 'utf8',
      timeout: ANSWER_MS, // it would hold up all tests of the file
    });
  tmux('new-session', '-d', '-x', '100', '-y', '30', '-c', folder, 'bash --norc --noprofile');
  tmux('set-option', '-g', 'escape-time', '0');
  t.teardown(() => {
    tmux('kill-server');
  });
  const type = (text: string): void => {
    tmux('send-keys', '-l', text);
  };
  const screen = (): string => tmux('capture-pane', '-p');
  type(`PS1='shell> '; ${command}`);
  tmux('send-keys', 'Enter');
  return {
    folder,
    press: (...keys) => {
      tmux('send-keys', ...keys);
    },
    type,
    screen,
    until: (what) => {
      const look = (): string | null => [screen()].find((now) => what.test(now)) ?? null;
      return until(look, () => `no ${what} on the screen:\n${screen()}`);
    },
    resize: (columns, rows) => {
      tmux('resize-window', '-x', String(columns), '-y', String(rows));
    },
  };
};
