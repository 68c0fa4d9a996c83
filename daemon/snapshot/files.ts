/**
 * The snapshot files of one run: which process images keep one, and under which name.
 *
 *   t.json            the program that the user started, or the largest of those that were not excluded
 *   t.<pid>.json      every other process
 *   t.<pid>.<n>.json  the n-th earlier image of a pid that went on by exec
 *   t.unknown-<n>.json  the n-th process whose pid is not known here
 */
import { MemtraceError } from '../../views/error.js';
import { nameInFile } from '../../views/names.js';
import type { Recording } from '../../views/profile.js';
import { allocatedBytes } from '../../views/totals.js';
import type { LiveProcess, LiveSession } from '../live.js';
import { NameTaken, writeSnapshot } from './write.js';

export type SnapshotOutput =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string; readonly replace: boolean }
  | { readonly kind: 'none' };

export interface SavedFiles {
  /** By index of the process. */
  readonly paths: ReadonlyMap<number, string>;
  /** What could not be written, and why. */
  readonly problems: readonly string[];
}

/** @param taken of the process that the run is about, where any was traced */
export const saveSnapshots = async (
  live: LiveSession,
  taken: { readonly index: number; readonly snapshot: Recording } | null,
  output: SnapshotOutput,
  mostChildren: number,
): Promise<SavedFiles> => {
  const paths = new Map<number, string>();
  const problems: string[] = [];
  const main = taken?.index ?? null;
  if (output.kind === 'none') return { paths, problems };
  const traced = live.processes().filter((each) => each.info.untraced === undefined);
  const first = traced.find((each) => each.index === main);
  const stem = stemOf(output, first ?? traced[0], live);
  const images = imagesByPid(traced);

  for (const each of chosen(traced, main, mostChildren)) {
    const path = each.index === main ? `${stem.base}${stem.ending}` : nameOf(each, images, stem);
    try {
      const snapshot = each.index === main && taken ? taken.snapshot : await live.snapshot(each.index);
      paths.set(each.index, await saveUnder(path, snapshot, output));
    } catch (error) {
      if (!(error instanceof MemtraceError)) throw error;
      problems.push(`${error.message}: ${error.why} ${error.remedy}`);
      break; // the others would fare no better
    }
  }
  return { paths, problems };
};

interface Stem {
  readonly base: string;
  readonly ending: string;
}

const stemOf = (output: SnapshotOutput, first: LiveProcess | undefined, live: LiveSession): Stem => {
  if (output.kind === 'file') {
    const ending = /(\.json)?(\.gz)?$/.exec(output.path)?.[0] ?? '';
    return { base: output.path.slice(0, output.path.length - ending.length), ending };
  }
  const name = nameInFile(first?.info.command[0] ?? live.command[0] ?? '');
  return { base: `memtrace.${name}.${first?.info.pid ?? 0}`, ending: '.json' };
};

/** In the order of their start. */
type Images = ReadonlyMap<number, readonly LiveProcess[]>;

const imagesByPid = (processes: readonly LiveProcess[]): Images => {
  const images = new Map<number, LiveProcess[]>();
  for (const each of processes) {
    const before = images.get(each.info.pid);
    if (before) before.push(each);
    else images.set(each.info.pid, [each]);
  }
  return images;
};

const nameOf = ({ index, info: { pid } }: LiveProcess, images: Images, { base, ending }: Stem): string => {
  const same = images.get(pid) ?? [];
  const isLast = same.at(-1)?.index === index;
  const number = same.findIndex((each) => each.index === index) + 1;
  if (pid === 0) return `${base}.unknown-${number}${ending}`;
  return isLast ? `${base}.${pid}${ending}` : `${base}.${pid}.${number}${ending}`;
};

/** The main program, and of the others those that allocated most. */
const chosen = (
  traced: readonly LiveProcess[],
  main: number | null,
  most: number,
): readonly LiveProcess[] => {
  const others = traced
    .filter(({ index }) => index !== main)
    .toSorted((a, b) => allocatedBytes(b.totals) - allocatedBytes(a.totals))
    .slice(0, most === Number.POSITIVE_INFINITY ? undefined : most);
  return [...traced.filter(({ index }) => index === main), ...others];
};

/** What was recorded is kept also when the name was taken in the meantime: under the next free one. */
const saveUnder = async (path: string, snapshot: Recording, output: SnapshotOutput): Promise<string> => {
  const force = output.kind === 'file' && output.replace;
  for (let n = 0; ; n += 1) {
    const candidate = n === 0 ? path : path.replace(/(\.json)?(\.gz)?$/, (ending) => `-${n}${ending}`);
    try {
      await writeSnapshot(candidate, snapshot, { force });
      return candidate;
    } catch (error) {
      if (!(error instanceof NameTaken) || n === 99) throw error;
    }
  }
};
