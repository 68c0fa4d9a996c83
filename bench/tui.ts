/**
 * `node dist/bench/tui.js [stacks] [seconds]`: what the live table costs, and how soon it answers a key, on a
 * terminal of its own, four times a second, over a program with so many distinct stacks that then
 *
 *   quiet   sleeps
 *   steady  allocates a thousand times a second
 *   storm   allocates as fast as it can
 *
 * CPU in percent of one processor, over the seconds, as the kernel counts it; the daemon's also without a viewer, for
 * the same program. Memory resident at the end of them. A key's time is from the write to the terminal to the
 * words on the screen that it calls for. At last how long the storming program's longest malloc takes while somebody
 * asks for a table or a snapshot. Measure with nothing else running.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { processTree, type Seen } from './processes.js';

const STACKS = Number(process.argv[2] ?? 100_000);
const SECONDS = Number(process.argv[3] ?? 10);
const PRESSES = 40;
/** What a screen has to settle: the symbolizer, the first tables. */
const SETTLE_MS = 3000;
const FOR_EVER = 1e6;
const MEMTRACE = 'bin/memtrace';
process.env.MEMTRACE_CACHE_DIR = ''; // nothing is left behind

/** Each pair leads to a screen and back: keys, and words that only the new screen has to draw. */
const KEYS = {
  'help, and back': [
    ['?', /Keys/],
    ['?', /blocks/],
  ],
  'another view, and back': [
    ['2', /\[2 Functions\]/],
    ['1', /\[1 Lines\]/],
  ],
} as const;

interface Words {
  /** Until something like it has been written since the last call. */
  readonly waitFor: (what: RegExp) => Promise<void>;
  /** What comes from now on counts. */
  readonly forget: () => void;
}

const wordsOf = (stream: NodeJS.ReadableStream): Words => {
  let text = '';
  let isOver = false;
  let wake = (): void => {};
  stream.on('close', () => {
    isOver = true;
    wake();
  });
  stream.on('data', (bytes: Buffer) => {
    text += bytes.toString();
    wake();
  });
  return {
    forget: () => {
      text = '';
    },
    waitFor: async (what) => {
      while (!what.test(text)) {
        if (isOver) throw new Error(`ended without ${what}: ${text.slice(-400)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      text = '';
    },
  };
};

/** A traced program that has made its stacks. */
const startProgram = async (then: string, seconds: number): Promise<ChildProcessWithoutNullStreams> => {
  const command = ['build/programs/stack_storm', `${STACKS}`, then, `${seconds}`];
  const run = spawn(MEMTRACE, ['run', '--quiet', '--no-output', '--', ...command]);
  await wordsOf(run.stderr).waitFor(/ready/);
  return run;
};

const startViewer = (pid: number): ChildProcessWithoutNullStreams =>
  spawn('script', ['-qec', `stty cols 120 rows 40; exec ${MEMTRACE} top ${pid}`, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', SHELL: '/bin/bash' },
  });

const processBelow = (pid: number, wanted: string): Seen => {
  const found = processTree(pid).find(
    ({ name }) => name === wanted || (wanted === 'node' && name === 'MainThread'),
  );
  if (!found) throw new Error(`there is no ${wanted} below ${pid}`);
  return found;
};
const nodeBelow = (pid: number): Seen => processBelow(pid, 'node');

/** Percent of a processor of each. */
const cpuOver = async (seconds: number, pids: readonly number[]): Promise<readonly number[]> => {
  const cpu = (): readonly number[] => pids.map((pid) => nodeBelow(pid).cpuMs);
  const before = cpu();
  const start = performance.now();
  await delay(1000 * seconds);
  const elapsed = performance.now() - start;
  return cpu().map((ms, at) => (100 * (ms - (before[at] ?? 0))) / elapsed);
};

const latencies = async (
  viewer: ChildProcessWithoutNullStreams,
  pair: (typeof KEYS)[keyof typeof KEYS],
  words: Words,
): Promise<readonly number[]> => {
  const taken: number[] = [];
  for (let press = 0; press < PRESSES; press += 1) {
    const [key, what] = pair[press % 2] ?? pair[0];
    await delay(137); // at another phase of the refreshes each time
    words.forget();
    const start = performance.now();
    viewer.stdin.write(key);
    await words.waitFor(what);
    taken.push(performance.now() - start);
  }
  return taken.sort((a, b) => a - b);
};

/** @param question a command of memtrace; null for none @returns what the program says of its longest malloc, in ms */
const longestMalloc = async (question: readonly string[] | null): Promise<string> => {
  const program = await startProgram('storm', 2 * SECONDS);
  let said = '';
  program.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  const ended = new Promise((resolve) => program.on('close', resolve));
  await delay(1000);
  if (question) {
    const [command = '', ...args] = question;
    const pid = processBelow(program.pid ?? -1, 'stack_storm').pid;
    const asking = spawn(MEMTRACE, [command, ...args, `${pid}`], { stdio: 'ignore' });
    await new Promise((resolve) => asking.on('close', resolve));
  }
  await ended;
  return /longest malloc (\S+) ms/.exec(said)?.[1] ?? '?';
};

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const head = (columns: readonly string[]): string => `\n${row(columns)}\n|${'---|'.repeat(columns.length)}`;
const mib = ({ residentKiB }: Seen): string => (residentKiB / 1024).toFixed(0);
const percentOf = (value: number | undefined): string => `${(value ?? 0).toFixed(1)} %`;

const costs: string[] = [];
const answers: string[] = [];

for (const then of ['quiet', 'steady', 'storm']) {
  const program = await startProgram(then, FOR_EVER);
  const pid = program.pid ?? -1;
  await delay(1000);
  const alone = nodeBelow(pid);
  const [aloneCpu] = await cpuOver(SECONDS / 2, [pid]);
  const viewer = startViewer(processBelow(pid, 'stack_storm').pid);
  const viewerPid = viewer.pid ?? -1;
  const words = wordsOf(viewer.stdout);
  await words.waitFor(/stack_storm\.c/);
  await delay(SETTLE_MS);
  const [daemonCpu, viewerCpu] = await cpuOver(SECONDS, [pid, viewerPid]);
  costs.push(
    row([
      then,
      percentOf(viewerCpu),
      percentOf(daemonCpu),
      percentOf(aloneCpu),
      mib(nodeBelow(viewerPid)),
      mib(nodeBelow(pid)),
      mib(alone),
    ]),
  );
  for (const [name, pair] of Object.entries(KEYS)) {
    const taken = await latencies(viewer, pair, words);
    const at = (share: number): string => (taken[Math.floor(share * (taken.length - 1))] ?? 0).toFixed(1);
    answers.push(row([then, name, at(0.5), at(0.95), at(1)]));
  }
  viewer.stdin.write('q');
  program.kill('SIGTERM');
  await new Promise((resolve) => program.on('close', resolve));
}

console.log(`\n${STACKS} distinct stacks, 120 × 40, four refreshes a second`);
const figures = ['CPU: UI', 'daemon', 'without a viewer', 'MiB: UI', 'daemon', 'without a viewer'];
console.log(head(['program', ...figures]));
for (const line of costs) console.log(line);
console.log(head(['program', 'key', 'median ms', '95 % within ms', 'longest ms']));
for (const line of answers) console.log(line);

console.log(head(['asked meanwhile', 'longest malloc ms']));
for (const question of [null, ['top', '--once'], ['dump', '-o', '/dev/null']])
  console.log(row([question?.join(' ') ?? 'nothing', await longestMalloc(question)]));
