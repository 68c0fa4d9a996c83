/**
 * What a reader of a process's figures must know to judge them: what is missing, and why, in words.
 *
 * Says nothing where all is as one expects.
 */
import {
  DETACH_ABANDONED,
  DETACH_DAEMON_DIED,
  DETACH_NO_MEMORY,
  DETACH_STOPPED,
  DETACH_UNREAD,
  MODULES_CAPACITY,
  node,
  PROCESS_CORRUPT,
  PYTHON_ACCEPTED,
  PYTHON_REFUSED_ALLOCATORS,
  PYTHON_REFUSED_DEBUG,
  PYTHON_REFUSED_FREE_THREADED,
  PYTHON_REFUSED_VERSION,
} from '../../proto/generated/layout.js';
import type { Module, ProcessInfo } from '../../proto/snapshot.js';
import { formatBytes, formatCount } from '../../views/units.js';
import type { ProcessRecord } from '../core.js';
import type { Symbolizer } from '../symbols/symbolizer.js';
import { allocatorNotes } from './allocators.js';
import { collectedNotes } from './collected.js';

export const notesOf = (
  record: ProcessRecord,
  info: ProcessInfo,
  modules: readonly Module[],
  symbolizer: Symbolizer,
): readonly string[] => [
  ...recordNotes(record),
  ...collectedNotes(modules),
  ...allocatorNotes(info.executable),
  ...fileNotes(symbolizer, modules),
];

/** Files whose names are missing although they should be there: replaced, damaged, out of reach. */
const fileNotes = (symbolizer: Symbolizer, modules: readonly Module[]): readonly string[] => {
  const paths = new Set(modules.map(({ path }) => path));
  return symbolizer
    .problems()
    .filter(({ kind, path }) => kind === 'file' && (paths.has(path) || path.includes('memtrace-symbolizer')))
    .map(({ path, problem, remedy }) => `${path}: ${problem}${remedy === null ? '' : `; ${remedy}`}`);
};

/** Of a node in the segment and its first child's number beside it: shim/nodes.c. */
const NODE_BYTES = node.bytes + 4;
const OWN_WORTH_TELLING = 4 << 20;

const recordNotes = (record: ProcessRecord): readonly string[] => {
  const notes: string[] = [];
  if (record.pid === 0 && record.ownPid > 0)
    notes.push(
      `its pid is not known, shown as ?: it ended before memtrace found it; it was pid ${record.ownPid} of another pid namespace`,
    );
  if (record.flags & PROCESS_CORRUPT || record.detachReason === DETACH_ABANDONED)
    notes.push('the program overwrote the memory it shares with memtrace: what came after that is missing');
  if (record.detachReason === DETACH_NO_MEMORY)
    notes.push('there was no shared memory left for more events: what came after that is missing');
  if (record.detachReason === DETACH_UNREAD)
    notes.push('the daemon did not come to read it in time: what came after the first events is missing');
  if (record.detachReason === DETACH_DAEMON_DIED)
    notes.push('the daemon had died: what came after is missing');
  if (record.detachReason === DETACH_STOPPED)
    notes.push('tracing was stopped and the process went on: what came after is missing');
  const ownBytes = record.nodes * NODE_BYTES;
  if (ownBytes >= OWN_WORTH_TELLING)
    notes.push(
      `about ${formatBytes(ownBytes)} of RSS are memtrace’s own: the record of ${formatCount(record.nodes)} stack frames`,
    );
  if (record.pythonRefusal !== PYTHON_ACCEPTED) notes.push(refusalNote(record));
  else if (record.pythonAllocations > 0 && record.pythonVersion < FIRST_PYTHON_THAT_TELLS)
    notes.push(reuseNote(record));
  if (record.modules >= MODULES_CAPACITY)
    notes.push(
      `its table of libraries was full after ${MODULES_CAPACITY} of them: frames in later ones, also in those that were loaded anew at another address, have no names`,
    );
  if (record.unrecorded > 0)
    notes.push(
      'its table of stacks was full (where addresses are limited, it is a small one: see ulimit -v): allocations of new stacks are counted without one, as [stack not recorded]',
    );
  if (record.skippedOrders > 0)
    notes.push(
      `${record.skippedOrders} events were begun and never finished, by threads that died in between`,
    );
  return notes;
};

/** 3.13, as the core writes it. */
const FIRST_PYTHON_THAT_TELLS = (3 << 8) | 13;

/** Which objects may stand at a line that is not theirs. */
const reuseNote = ({ pythonVersion }: ProcessRecord): string =>
  `Python ${versionText(pythonVersion)} makes lists, tuples, dictionaries and floats of dead ones without a word: such an object stands at the line that first made its block, its contents at the right one (3.13 and later tell)`;

const versionText = (version: number): string => `${version >> 8}.${version & 255}`;

/** Why a Python program shows the interpreter's native frames only. */
const refusalNote = ({ pythonVersion, pythonRefusal }: ProcessRecord): string => {
  if (pythonRefusal === PYTHON_REFUSED_ALLOCATORS)
    return `the program gave Python ${versionText(pythonVersion)} other allocators again and again: from then on objects were not counted, those that lived then are taken for live, and lines may be those of dead code`;
  return `this is Python ${versionText(pythonVersion)}, whose lines memtrace cannot name (${refusalReason(pythonRefusal)}): its memory is shown by the interpreter's own functions`;
};

const refusalReason = (refusal: number): string => {
  if (refusal === PYTHON_REFUSED_VERSION) return 'it knows 3.8 to 3.13';
  if (refusal === PYTHON_REFUSED_FREE_THREADED) return 'it is a free-threaded build';
  if (refusal === PYTHON_REFUSED_DEBUG) return 'it is a build that traces references';
  return 'it does not export what is needed';
};
