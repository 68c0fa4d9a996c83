/** `memtrace top`: finds the session to look at; the live table itself is the terminal UI's. */
import { findSession } from '../../daemon/session/find.js';
import { MemtraceError, usageError } from '../../views/error.js';
import type { Command, Given } from '../table.js';

const run = ({ words }: Given): number => {
  if (words.length > 1)
    throw usageError('one session at a time', `${words.length} were named.`, 'memtrace top PID');
  const session = findSession(words[0]);
  throw new MemtraceError({
    message: `cannot look into session ${session.id}`,
    why: 'This version has no live service yet.',
    remedy: 'Wait for the end of the program: the report is printed then.',
  });
};

export const command: Command = { options: {}, run };
