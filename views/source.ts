/** The text of source lines that a snapshot carries along, so that it can be read where the sources are not. */
import type { SourceTexts } from '../proto/snapshot.js';

/** The text of one line without its indentation, or null where the snapshot does not have it. */
export const sourceText = (sources: SourceTexts, file: string | null, line: number | null): string | null => {
  if (file === null || line === null || !Object.hasOwn(sources, file)) return null;
  const text = sources[file]?.find((entry) => entry.line === line)?.text.trim();
  return text ? text : null;
};
