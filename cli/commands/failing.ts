/** Turns the errors a user is meant to see into text on stderr and an exit code; anything else goes on up. */
import { errorLines, MemtraceError } from '../../views/error.js';
import { type Io, writeLines } from '../print/io.js';

/** @param trouble the exit code of every error, instead of its own */
export const failing = (io: Pick<Io, 'stderr'>, command: () => number, trouble?: number): number => {
  try {
    return command();
  } catch (error) {
    if (!(error instanceof MemtraceError)) throw error;
    writeLines(io.stderr, errorLines(error));
    return trouble ?? error.exitCode;
  }
};
