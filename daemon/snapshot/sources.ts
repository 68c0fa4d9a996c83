/**
 * The source text that a snapshot carries: the lines its stacks name, with a few around those that answer for
 * memory. Files that cannot be read are left out; the total is bounded, and the largest come first.
 */
import { readFileSync, statSync } from 'node:fs';
import type { SourceLine, SourceTexts } from '../../proto/snapshot.js';
import { blameOf } from '../../views/blame.js';
import { blamedSites } from '../../views/blamedSites.js';
import type { Profile } from '../../views/profile.js';
import { eachSite } from '../../views/sites.js';

const AROUND = 3;
const MOST_LINES = 20_000;
const LARGEST_FILE = 16 << 20;
const LONGEST_LINE = 400;

/** Reads the files as they are now. */
export const sourcesOf = (profile: Profile): SourceTexts => {
  /** Of each file that can be read; null for the others. */
  const wanted = new Map<string, Set<number> | null>();
  let count = 0;
  const want = (file: string, line: number) => {
    const lines = wanted.get(file) ?? (wanted.has(file) || !isReadable(file) ? null : new Set<number>());
    wanted.set(file, lines);
    if (!lines || line < 1 || lines.has(line) || count >= MOST_LINES) return;
    lines.add(line);
    count += 1;
  };

  for (const index of blamedFrames(profile)) {
    const frame = profile.frames[index];
    if (!frame?.file || !frame.line) continue;
    for (let line = frame.line - AROUND; line <= frame.line + AROUND; line += 1) want(frame.file, line);
  }
  for (const frame of profile.frames) if (frame.file && frame.line) want(frame.file, frame.line);

  const sources: Record<string, readonly SourceLine[]> = {};
  for (const [file, lines] of wanted) {
    const text = lines ? readLines(file, lines) : [];
    if (text.length > 0) sources[file] = text;
  }
  return sources;
};

/** What answers for most memory first. */
const blamedFrames = (profile: Profile): readonly number[] => {
  const blame = blameOf(profile);
  const bytes = new Map<number, number>();
  const sites = blamedSites(profile);
  const { liveBytes, peakBytes, totalBytes } = sites;
  eachSite(sites, 'all', (at, stack) => {
    const frame = profile.stacks.frame[blame.nodeOf(stack)] ?? -1;
    bytes.set(frame, (bytes.get(frame) ?? 0) + liveBytes[at] + peakBytes[at] + totalBytes[at]);
  });
  return [...bytes].sort(([, a], [, b]) => b - a).map(([frame]) => frame);
};

const isReadable = (file: string): boolean => {
  try {
    const status = statSync(file);
    return status.isFile() && status.size <= LARGEST_FILE;
  } catch {
    return false;
  }
};

const readLines = (file: string, lines: ReadonlySet<number>): readonly SourceLine[] => {
  try {
    const text = readFileSync(file, 'utf8').split('\n');
    if (text.at(-1) === '') text.pop(); // behind the last line
    return [...lines]
      .sort((a, b) => a - b)
      .filter((line) => line <= text.length)
      .map((line) => ({ line, text: (text[line - 1] ?? '').replace(/\r$/, '').slice(0, LONGEST_LINE) }));
  } catch {
    return [];
  }
};
