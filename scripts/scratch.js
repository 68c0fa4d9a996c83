/**
 * Where a run of the tests may leave things: a folder of temporary files and one in shared memory, which are removed
 * when it ends, however it ends, together with every process that was started in it.
 */
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What was told to end may need a moment. */
const GRACE_MS = 3000;

export const makeScratch = () => {
  // Short: sockets lie in it. Others may pass through: some tests run programs as another user.
  const folder = mkdtempSync(join(tmpdir(), 'mt-'));
  const sharedMemory = mkdtempSync(existsSync('/dev/shm') ? '/dev/shm/mt-' : join(folder, 'shm-'));
  chmodSync(folder, 0o711);
  const mark = `TMPDIR=${folder}`;

  /** @returns the commands of processes that had to be ended */
  const end = async () => {
    const latest = Date.now() + GRACE_MS;
    while (marked(mark).length > 0 && Date.now() < latest) await new Promise((done) => setTimeout(done, 50));
    const left = marked(mark).map((pid) => ({ pid, command: commandOf(pid) }));
    for (const { pid } of left) kill(pid);
    for (const each of [folder, sharedMemory]) rmSync(each, { recursive: true, force: true });
    return left.map(({ command }) => command);
  };
  return { environment: { TMPDIR: folder, TEST_SHARED_MEMORY: sharedMemory }, end };
};

/** Processes that have this variable: whatever the tests started, in whatever group it is now. */
const marked = (mark) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(mark));

const environmentOf = (pid) => read(`/proc/${pid}/environ`).split('\0');
const commandOf = (pid) => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended, or is another user's
  }
};

const kill = (pid) => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {} // it has ended
};
