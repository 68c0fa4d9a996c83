/** Whether a program is installed. Loads nothing of the test runner, without which millions.ts runs. */
import { spawnSync } from 'node:child_process';

export const succeeds = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

export const isInstalled = (program: string): boolean => succeeds('sh', '-c', 'command -v "$0"', program);
