/**
 * The source text that a snapshot carries: the lines its stacks name, with a few around those that answer for
 * memory. Files that cannot be read are left out; the total is bounded.
 */
import { readFileSync, statSync } from 'node:fs';
import type { SourceLine, SourceTexts } from '../../proto/snapshot.js';
import { blameOf } from '../../views/blame.js';
import type { Profile } from '../../views/profile.js';

const AROUND = 3;
const MOST_LINES = 20_000;
const LARGEST_FILE = 16 << 20;
const LONGEST_LINE = 400;

/** Reads the files as they are now. */
export const sourcesOf = (profile: Profile): SourceTexts => {
  const wanted = new Map<string, Set<number>>();
  let count = 0;
  const want = (file: string, line: number) => {
    const lines = wanted.get(file) ?? new Set<number>();
    wanted.set(file, lines);
    if (line < 1 || lines.has(line) || count >= MOST_LINES) return;
    lines.add(line);
    count += 1;
  };

  const blame = blameOf(profile);
  const blamed = new Set(profile.sites.map((site) => profile.stacks.frame[blame.nodeOf(site.stack)] ?? -1));
  for (const index of blamed) {
    const frame = profile.frames[index];
    if (!frame?.file || !frame.line) continue;
    for (let line = frame.line - AROUND; line <= frame.line + AROUND; line += 1) want(frame.file, line);
  }
  for (const frame of profile.frames) if (frame.file && frame.line) want(frame.file, frame.line);

  const sources: Record<string, readonly SourceLine[]> = {};
  for (const [file, lines] of wanted) {
    const text = readLines(file, lines);
    if (text.length > 0) sources[file] = text;
  }
  return sources;
};

const readLines = (file: string, lines: ReadonlySet<number>): readonly SourceLine[] => {
  try {
    const status = statSync(file);
    if (!status.isFile() || status.size > LARGEST_FILE) return [];
    const text = readFileSync(file, 'utf8').split('\n');
    return [...lines]
      .sort((a, b) => a - b)
      .filter((line) => line <= text.length)
      .map((line) => ({ line, text: (text[line - 1] ?? '').replace(/\r$/, '').slice(0, LONGEST_LINE) }));
  } catch {
    return [];
  }
};
