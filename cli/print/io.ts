/**
 * Where a command writes: stdout is data, stderr everything else. Commands take this instead of touching
 * `process`, so that tests can look at what they would have printed.
 */
import { jsonText } from '../../views/json.js';

export interface Writer {
  readonly write: (text: string) => unknown;
}

export interface Io {
  readonly stdout: Writer;
  readonly stderr: Writer;
  /** Whether stdout is a terminal. */
  readonly isTTY: boolean;
  /** Width of that terminal. */
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Paths below it are shown relative to it. */
  readonly cwd: string;
}

/** The real thing. A reader that goes away (`| head`) ends the command quietly. */
export const processIo = (): Io => {
  quietOnClosedPipe(process.stdout);
  quietOnClosedPipe(process.stderr);
  return {
    stdout: { write: (text) => process.stdout.write(text) },
    stderr: { write: (text) => process.stderr.write(text) },
    isTTY: process.stdout.isTTY === true,
    columns: process.stdout.columns || 80,
    env: process.env,
    cwd: workingFolder(),
  };
};

/** One that was deleted has no path any more, and nothing lies below it. */
export const workingFolder = (): string => {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
};

const quietOnClosedPipe = (stream: NodeJS.WriteStream): void => {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
};

export const writeLines = (writer: Writer, lines: readonly string[]): void => {
  if (lines.length > 0) writer.write(`${lines.join('\n')}\n`);
};

export const writeJson = (writer: Writer, document: Parameters<typeof jsonText>[0]): void => {
  for (const portion of jsonText(document)) writer.write(portion);
};
