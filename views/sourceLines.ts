/**
 * The lines of a source file, as everybody shows them: in the report, in the live view, in annotate. What is no
 * UTF-8 is read as Latin-1, in which every byte is a character. Never fails.
 */
export const linesOf = (bytes: Buffer): readonly string[] => linesIn(textOf(bytes));

export const linesIn = (text: string): readonly string[] => {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
};

const textOf = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
};
