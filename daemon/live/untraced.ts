/** Why a process image ran without the shim, in words. */
import { constants } from 'node:os';
import {
  PROCESS_UNREAD,
  PROCESS_UNTRACED,
  UNTRACED_ARCHITECTURE,
  UNTRACED_CLEARED,
  UNTRACED_EXCLUDED,
  UNTRACED_LIBC,
  UNTRACED_LIBRARY,
  UNTRACED_NO_SEGMENT,
  UNTRACED_OUT_OF_REACH,
  UNTRACED_SANDBOX,
  UNTRACED_SANITIZER,
  UNTRACED_SCRIPT,
  UNTRACED_SETUID,
  UNTRACED_STATIC,
  UNTRACED_UNREADABLE,
} from '../../proto/generated/layout.js';
import type { ProcessRecord } from '../core.js';

const reasons: Readonly<Record<number, string>> = {
  [UNTRACED_STATIC]: 'it is linked statically, so nothing can be preloaded into it',
  [UNTRACED_SETUID]:
    'it is setuid, setgid or has capabilities, and the loader ignores preloads in such programs',
  [UNTRACED_SANITIZER]: 'it is built with a sanitizer, which replaces malloc itself',
  [UNTRACED_ARCHITECTURE]: 'it is built for another architecture',
  [UNTRACED_LIBC]: 'it uses another C library than this build of memtrace',
  [UNTRACED_UNREADABLE]: 'its file cannot be read',
  [UNTRACED_NO_SEGMENT]: 'there was no shared memory for it (a full /dev/shm, or a limit on files or memory)',
  [UNTRACED_EXCLUDED]: 'it was excluded (--only, --exclude)',
  [UNTRACED_OUT_OF_REACH]:
    'it runs as another user, or in another root directory, and cannot open the files of this session',
  [UNTRACED_CLEARED]: 'it was started by system or popen, after LD_PRELOAD was taken out of the environment',
  [UNTRACED_SANDBOX]: 'it is in a seccomp sandbox that would kill it for what tracing needs',
  [UNTRACED_LIBRARY]: 'it is a shared library, not a program',
  [UNTRACED_SCRIPT]: 'it is a script whose interpreter cannot be traced or does not exist',
};

/** Did the user ask for it? */
export const isExcluded = (untraced: string | undefined): boolean =>
  untraced !== undefined && untraced === reasons[UNTRACED_EXCLUDED];

/** Not traced although the user would have wanted it. */
export const isMissed = (untraced: string | undefined): boolean =>
  untraced !== undefined && !isExcluded(untraced);

/** Without the shim, or with one that nobody could read. */
export const isUntraced = ({ state, flags }: ProcessRecord): boolean =>
  state === PROCESS_UNTRACED || (flags & PROCESS_UNREAD) !== 0;

/** Not because the user did not want to see it. */
export const couldNotBeTraced = (record: ProcessRecord): boolean =>
  isUntraced(record) && record.untracedReason !== UNTRACED_EXCLUDED;

export const untracedReason = (record: ProcessRecord): string =>
  record.state === PROCESS_UNTRACED ? reasonOf(record.untracedReason) : unreadReason(record.unreadError);

export const reasonOf = (reason: number): string => reasons[reason] ?? 'for an unknown reason';

/** @param error errno of the daemon's attempt to open or map its segment */
const unreadReason = (error: number): string => {
  if (error === constants.errno.ENOENT)
    return 'its shared memory is not where the daemon looks (it has a /dev/shm of its own)';
  if (error === constants.errno.EMFILE || error === constants.errno.ENFILE)
    return 'the daemon had no file descriptor left for it (see ulimit -n)';
  return 'the daemon could not map its shared memory (are addresses limited? see ulimit -v)';
};
