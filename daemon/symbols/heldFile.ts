/**
 * Opens the file that a process has mapped and keeps it open, so that it can be read after the process has
 * exited and the file was deleted or replaced. Never throws.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { readBuildId } from './buildId.js';
import type { ModuleRef } from './model.js';

export interface HeldFile {
  readonly fd: number;
  /** changes when another file is meant, or it was written to, for modules without a build-id */
  readonly identity: string;
}

export type Holding =
  | { readonly kind: 'held'; readonly file: HeldFile }
  /** files were found, all with another build-id */
  | { readonly kind: 'replaced'; readonly foundBuildId: string | null }
  | { readonly kind: 'unreachable'; readonly why: string };

export const holdFile = (module: ModuleRef): Holding => {
  let missing: Holding = { kind: 'unreachable', why: 'no such file' };
  for (const path of placesOf(module)) {
    const opened = open(path);
    if ('why' in opened) {
      if (missing.kind === 'unreachable') missing = { kind: 'unreachable', why: opened.why };
      continue;
    }
    const found = module.buildId === null ? null : readBuildId(opened.fd);
    if (found === module.buildId) return { kind: 'held', file: opened };
    closeSync(opened.fd);
    missing = { kind: 'replaced', foundBuildId: found };
  }
  return missing;
};

/** Where the file may be, the surest first: its path as the process sees it, then what the kernel has mapped. */
function* placesOf({ path, pid }: ModuleRef): Generator<string> {
  const plain = path.replace(/ \(deleted\)$/, '');
  if (!plain.startsWith('/')) return;
  if (pid !== null) {
    yield `/proc/${pid}/root${plain}`;
    if (isExecutableOf(pid, plain)) yield `/proc/${pid}/exe`;
    yield* mappingsOf(pid, plain);
  }
  yield plain;
}

const sameFile = (mapped: string, path: string): boolean => mapped === path || mapped === `${path} (deleted)`;

const isExecutableOf = (pid: number, path: string): boolean => {
  try {
    return sameFile(readlinkSync(`/proc/${pid}/exe`), path);
  } catch {
    return false;
  }
};

/** The mapping itself leads to the file even when no path does; needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE. */
function* mappingsOf(pid: number, path: string): Generator<string> {
  let maps: string;
  try {
    maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return;
  }
  for (const line of maps.split('\n')) {
    const fields = /^0*([0-9a-f]+)-0*([0-9a-f]+) \S+ \S+ \S+ \S+ +(.*)$/.exec(line);
    if (fields && sameFile(fields[3] ?? '', path)) {
      yield `/proc/${pid}/map_files/${fields[1]}-${fields[2]}`;
      return;
    }
  }
}

const open = (path: string): HeldFile | { readonly why: string } => {
  let fd: number;
  try {
    // Non-blocking: the path of a mapping may by now be a pipe.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
  const stat = fstatSync(fd);
  // The time of the last change cannot be set back, as that of the last writing can.
  const identity = [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(':');
  if (stat.isFile()) return { fd, identity };
  closeSync(fd);
  return { why: 'not a regular file' };
};
