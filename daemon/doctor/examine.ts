/**
 * What will be traced of a program, what not, and why: the findings of `memtrace doctor`.
 *
 * The verdict itself is inspect.c's, which the launcher and the shim go by.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '../../proto/doctor.js';
import { allocatorInside } from './allocator.js';
import { type ElfFile, readElf } from './elf.js';

export type { Finding };

export interface Verdict {
  /** Of the file that was found. */
  readonly path: string;
  readonly traced: boolean;
  /** Why not, and what to do. */
  readonly reason: string;
  readonly remedy: string;
  /** What runs a script; null for a binary. */
  readonly interpreter: string | null;
}

export const examine = (verdict: Verdict, surroundings: Surroundings): readonly Finding[] => {
  const binary = verdict.interpreter ?? verdict.path;
  const elf = readElf(binary, 'all');
  return [
    traceable(verdict),
    ...(verdict.interpreter ? [script(verdict.interpreter)] : []),
    ...(verdict.traced && elf ? [allocator(elf), debugInfo(binary, elf), unwindInfo(elf)] : []),
    ...machine(surroundings),
  ];
};

const ok = (topic: string, text: string): Finding => ({ weight: 'ok', topic, text, remedy: null });
const note = (topic: string, text: string, remedy: string): Finding => ({
  weight: 'note',
  topic,
  text,
  remedy,
});
const no = (topic: string, text: string, remedy: string): Finding => ({ weight: 'no', topic, text, remedy });

const traceable = ({ traced, reason, remedy, path }: Verdict): Finding =>
  traced && isTooShort(path)
    ? no('program', `${path}: it is no program that the system can run`, 'Build or copy it again.')
    : traced
      ? ok('program', `${path} can be traced`)
      : no('program', `${path}: ${reason}`, remedy);

/** Empty, or cut off within its header. */
const isTooShort = (path: string): boolean => {
  const { size } = statSync(path);
  return size === 0 || (size < ELF_HEADER_LEAST && readFileSync(path, 'latin1').startsWith('\x7fELF'));
};
const ELF_HEADER_LEAST = 52;

const script = (interpreter: string): Finding =>
  note(
    'script',
    `it is a script: what is traced is ${interpreter}`,
    'Lines of the script itself are shown for Python only.',
  );

const allocator = (elf: ElfFile): Finding => {
  const inside = allocatorInside(elf.functions());
  if (inside?.isMalloc)
    return no(
      'allocator',
      `it has ${inside.name} inside the executable: that malloc comes before any preloaded one, and is not seen`,
      `Link it with the allocator as a shared library, or without it.`,
    );
  if (inside)
    return note(
      'allocator',
      `it has ${inside.name} inside under names of its own: what is allocated by those is not seen`,
      'malloc, free, new and delete are seen.',
    );
  const shared = elf.needed.find((name) => /^lib(jemalloc|tcmalloc|mimalloc|tbbmalloc)/.test(name));
  return ok(
    'allocator',
    shared ? `${shared}: seen, with its operators new and delete` : 'the C library’s: seen',
  );
};

const debugInfo = (path: string, elf: ElfFile): Finding => {
  const separate = elf.buildId
    ? join('/usr/lib/debug/.build-id', elf.buildId.slice(0, 2), `${elf.buildId.slice(2)}.debug`)
    : null;
  if (elf.sections.has('.debug_info')) return ok('names', 'debug information: functions, files and lines');
  if (separate && existsSync(separate)) return ok('names', `debug information in ${separate}`);
  const packaged = packageOf(path);
  const remedy = packaged
    ? `apt-get install ${packaged}-dbgsym (from the debug archive, https://wiki.debian.org/HowToGetABacktrace).`
    : 'Compile it with -g, and do not strip it.';
  return elf.sections.has('.symtab')
    ? note('names', 'no debug information: functions are named, lines are not', remedy)
    : note('names', 'no debug information and no symbols: offsets instead of names', remedy);
};

const packageOf = (path: string): string | null => {
  for (const each of [path, path.replace(/^\/usr/, '')])
    try {
      const text = execFileSync('dpkg-query', ['-S', each], {
        stdio: ['ignore', 'pipe', 'ignore'],
        encoding: 'utf8',
      });
      // "dash: /bin/sh"; who moved the file away comes before it: "diversion by dash from: /bin/sh".
      const line = text.split('\n').find((each) => !each.startsWith('diversion by ')) ?? '';
      const name = line.split(/[:,]/)[0];
      if (name) return name;
    } catch {
      // not of a package, or no Debian
    }
  return null;
};

const unwindInfo = (elf: ElfFile): Finding =>
  elf.hasUnwindTable
    ? ok('stacks', 'unwind information: whole stacks')
    : note(
        'stacks',
        'no unwind information (.eh_frame_hdr): stacks follow frame pointers where there are any',
        'Compile with -fasynchronous-unwind-tables, or -fno-omit-frame-pointer.',
      );

// ---- the machine ----

export interface Surroundings {
  /** "2.36"; null: not glibc. */
  readonly glibc: string | null;
  readonly kernel: string;
  /** Free bytes where segments are kept; null: there is no such folder. */
  readonly sharedMemoryFree: number | null;
  /** Soft limits that are not unlimited, by the names of /proc/self/limits. */
  readonly limits: ReadonlyMap<string, number>;
  readonly preload: string | undefined;
}

const SHARED_MEMORY_LEAST = 64 << 20;

export const lookAround = (): Surroundings => ({
  glibc: glibcVersion(),
  kernel: release(),
  sharedMemoryFree: freeOf('/dev/shm'),
  limits: limitsOf(readFileSync('/proc/self/limits', 'utf8')),
  preload: process.env.LD_PRELOAD,
});

const glibcVersion = (): string | null => {
  try {
    const text = execFileSync('getconf', ['GNU_LIBC_VERSION'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    });
    return /glibc (\S+)/.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
};

const freeOf = (folder: string): number | null => {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
};

export const limitsOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    [...text.matchAll(/^(Max [a-z ]+?) {2,}(\d+) /gm)].map(([, name, value]) => [
      name as string,
      Number(value),
    ]),
  );

const machine = (around: Surroundings): readonly Finding[] => [
  libc(around.glibc),
  sharedMemory(around.sharedMemoryFree),
  ...limit(around.limits, 'Max file size', 16 << 20, 'ulimit -f unlimited'),
  ...limit(around.limits, 'Max address space', 256 << 20, 'ulimit -v unlimited'),
  ...(around.preload ? [ok('preload', `LD_PRELOAD=${around.preload} stays, behind memtrace’s own`)] : []),
  ok('kernel', around.kernel),
];

const libc = (version: string | null): Finding => {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  if (version === null)
    return no('libc', 'this system’s C library is not glibc', 'Run memtrace where glibc is.');
  return major > 2 || minor >= 35
    ? ok('libc', `glibc ${version}`)
    : note(
        'libc',
        `glibc ${version}: in all but the first 500 libraries stacks follow frame pointers`,
        'glibc 2.35 or newer gives whole stacks in all of them.',
      );
};

const sharedMemory = (free: number | null): Finding => {
  const remedy = 'Mount a tmpfs on /dev/shm, or make it larger (docker run --shm-size=256m).';
  if (free === null)
    return note('shared memory', 'there is no /dev/shm: it goes to /tmp, which may be a disk', remedy);
  const text = `${Math.floor(free / (1 << 20))} MiB free in /dev/shm`;
  return free < SHARED_MEMORY_LEAST ? note('shared memory', text, remedy) : ok('shared memory', text);
};

const limit = (
  limits: ReadonlyMap<string, number>,
  name: string,
  least: number,
  remedy: string,
): readonly Finding[] => {
  const value = limits.get(name);
  return value !== undefined && value < least
    ? [note('limits', `${name.toLowerCase()} is ${value}: too little for a trace`, `${remedy}.`)]
    : [];
};

// ---- inspect.c, asked through the launcher ----

/** @param launcher bin/memtrace; @returns null when there is no such program */
export const inspect = (launcher: string, program: string): Verdict | null => {
  const text = execFileSync(launcher, ['inspect-program', program], { encoding: 'utf8' });
  const [found, reasonNumber, reason, remedy, interpreter] = text.split('\n');
  if (!found) return null;
  const isScript = interpreter !== '' && readElf(found, 'exported') === null;
  return {
    path: found,
    traced: reasonNumber === '0',
    reason: reason ?? '',
    remedy: sentence(remedy ?? ''),
    interpreter: isScript && interpreter ? interpreter : null,
  };
};

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
