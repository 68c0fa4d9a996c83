/** `memtrace clean`: removes what killed sessions left behind; the next `run` does so too. */
import { type CleanUp, cleanUp } from '../../daemon/session/cleanup.js';
import type { Command, Given } from '../command.js';
import { type Io, writeLines } from '../print/io.js';

const run = (_: Given, io: Io): number => {
  writeLines(io.stderr, reportOf(cleanUp()));
  return 0;
};

export const command: Command = { options: {}, mostWords: 0, run };

const reportOf = ({ removed, inUse }: CleanUp): readonly string[] =>
  removed.length + inUse.length === 0
    ? ['memtrace: nothing to remove']
    : [
        ...removed.map((folder) => `memtrace: removed ${folder}`),
        ...inUse.map((folder) => `memtrace: left ${folder}: processes that were started in it still run`),
      ];
