/**
 * The source text that a snapshot carries: the lines its stacks name, with a few around those that answer for
 * memory. Files that cannot be read are left out; the total is bounded, and the largest come first.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Frame, SourceLine, SourceTexts } from '../../proto/snapshot.js';
import { blameOf } from '../../views/blame.js';
import { blamedSites } from '../../views/blamedSites.js';
import type { Profile } from '../../views/profile.js';
import { linesOf } from '../../views/sourceLines.js';

const AROUND = 3;
const MOST_LINES = 20_000;
const LARGEST_FILE = 16 << 20;
const LONGEST_LINE = 400;

/** Reads the files as they are now. */
export const sourcesOf = (profile: Profile): SourceTexts => {
  /** Of each file that can be read; null for the others. */
  const wanted = new Map<string, Set<number> | null>();
  let count = 0;
  const linesOf = (file: string): Set<number> | null => {
    const known = wanted.get(file);
    if (known !== undefined) return known;
    const lines = isReadable(file) ? new Set<number>() : null;
    wanted.set(file, lines);
    return lines;
  };
  const want = ({ file, line }: Frame, around: number) => {
    const lines = file && line ? linesOf(file) : null;
    if (!lines || !line) return;
    for (let at = Math.max(1, line - around); at <= line + around; at += 1) {
      if (count >= MOST_LINES || lines.has(at)) continue;
      lines.add(at);
      count += 1;
    }
  };

  for (const index of blamedFrames(profile)) want(profile.frames[index], AROUND);
  for (const frame of profile.frames) want(frame, 0);

  const sources: Record<string, readonly SourceLine[]> = {};
  for (const [file, lines] of wanted) {
    const text = lines ? readLines(file, lines) : [];
    if (text.length > 0) sources[file] = text;
  }
  return sources;
};

/** Those that have lines; what answers for most memory first. */
const blamedFrames = (profile: Profile): readonly number[] => {
  const { frames, stacks } = profile;
  const blame = blameOf(profile);
  /** By frame; -1: not seen yet. */
  const bytes = new Float64Array(frames.length).fill(-1);
  const found: number[] = [];
  const sites = blamedSites(profile);
  const { count, stack, liveBytes, peakBytes, totalBytes } = sites;
  for (let at = 0; at < count; at += 1) {
    const index = stacks.frame[blame.nodeOf(stack[at])];
    if (!frames[index]?.line) continue;
    if (bytes[index] < 0) {
      bytes[index] = 0;
      found.push(index);
    }
    bytes[index] = bytes[index] + liveBytes[at] + peakBytes[at] + totalBytes[at];
  }
  return found.sort((a, b) => bytes[b] - bytes[a]);
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
    const text = linesOf(readFileSync(file));
    return [...lines]
      .sort((a, b) => a - b)
      .filter((line) => line <= text.length)
      .map((line) => ({ line, text: (text[line - 1] ?? '').slice(0, LONGEST_LINE) }));
  } catch {
    return [];
  }
};
