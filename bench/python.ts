/**
 * `node dist/bench/python.js [time|memory] [rounds] [python…]`: what it costs to know the full Python stack of every
 * allocation, beside tracemalloc with 1 and with 25 frames. Two tables, or the one that was named.
 *
 * Each script says itself how long its work took, so that starting and reporting are left out, and what it had resident
 * at most. Interleaved rounds, the least of each counts; "extra" is the time, "adds" the memory beyond the bare
 * program's. memtrace's daemon and its symbolizer are processes of their own, and stand apart. Measure with nothing else
 * running.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Footprint, footprintOf } from './memory.js';

const TIMED = (work: string) => `import time
${work}
once()
start = time.perf_counter()
once()
print(time.perf_counter() - start)
print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))
`;

const DEEP = (depth: number) => `class P: pass
def leaf():
    k = []
    for i in range(50000):
        k.append([i]); k.append(str(i))
        p = P(); p.a = i
        if len(k) > 1000: k = []
def descend(n):
    return leaf() if n == 0 else descend(n - 1)
def once():
    descend(${depth})`;

const SCRIPTS: Readonly<Record<string, string>> = {
  'depth 5': DEEP(5),
  'depth 20': DEEP(20),
  'depth 50': DEEP(50),
  'depth 200': DEEP(200),
  'json, ast, decimal': `import json, ast, decimal
data = [{'id': i, 'name': 'name %d' % i, 'tags': [str(i), i * 1.5]} for i in range(3000)]
source = '\\n'.join('def f%d(a, b=%d): return [a + b for _ in range(%d)]' % (i, i, i) for i in range(300))
def once():
    json.loads(json.dumps(data, indent=1))
    sum(1 for _ in ast.walk(ast.parse(source)))
    sum((decimal.Decimal(i) ** 3 for i in range(3000)), decimal.Decimal(0))`,
  '100,000 rows kept': `kept = []
def leaf():
    for i in range(100000):
        kept.append([str(i), (i, i * 0.5)])
def descend(n):
    return leaf() if n == 0 else descend(n - 1)
def once():
    kept.clear()
    descend(20)`,
};

const COLUMNS = ['bare', 'memtrace', 'tracemalloc 1', 'tracemalloc 25'] as const;
type Column = (typeof COLUMNS)[number];

const commandOf = (column: Column, python: string, script: string): readonly string[] => {
  if (column === 'memtrace') return ['bin/memtrace', 'run', '--no-output', '--', python, script];
  if (column === 'bare') return [python, script];
  return [python, '-X', `tracemalloc=${column.split(' ')[1]}`, script];
};

interface Own {
  readonly seconds: number;
  /** What it had resident at most. */
  readonly peakKiB: number;
}

/** Runs a script; what it says of itself. */
const run = ([program, ...args]: readonly string[]): Own => {
  const said = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [seconds, peakKiB] = said.split('\n').map(Number);
  return { seconds, peakKiB };
};

type Row = (python: string, script: string, rounds: number) => Promise<readonly string[]>;

const timeRow: Row = async (python, script, rounds) => {
  const least = COLUMNS.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round += 1)
    COLUMNS.forEach((column, at) => {
      least[at] = Math.min(least[at], run(commandOf(column, python, script)).seconds);
    });
  const [bare, ours, one, many] = least;
  const share = (other: number) => `${((100 * (ours - bare)) / (other - bare)).toFixed(0)} %`;
  return [...least.map((seconds) => (seconds * 1000).toFixed(1)), share(one), share(many)];
};

const memoryRow: Row = async (python, script, rounds) => {
  const least = COLUMNS.map(() => Number.POSITIVE_INFINITY);
  const apart: Footprint[] = [];
  for (let round = 0; round < rounds; round += 1) {
    COLUMNS.forEach((column, at) => {
      least[at] = Math.min(least[at], run(commandOf(column, python, script)).peakKiB);
    });
    apart.push(await footprintOf(commandOf('memtrace', python, script)));
  }
  const [bare, ...others] = least;
  return [
    bare,
    ...others.map((kib) => kib - bare),
    Math.min(...apart.map(({ daemonKiB }) => daemonKiB)),
    Math.min(...apart.map(({ symbolizerKiB }) => symbolizerKiB)),
  ].map((kib) => (kib / 1024).toFixed(1));
};

const TABLES: Readonly<Record<string, { readonly columns: readonly string[]; readonly row: Row }>> = {
  time: {
    columns: [...COLUMNS.map((name) => `${name} ms`), 'extra: of tracemalloc 1', 'of tracemalloc 25'],
    row: timeRow,
  },
  memory: {
    columns: [
      'bare MiB',
      ...COLUMNS.slice(1).map((name) => `${name} adds MiB`),
      'daemon MiB',
      'symbolizer MiB',
    ],
    row: memoryRow,
  },
};

const printTable = async (name: string, rounds: number, pythons: readonly string[], folder: string) => {
  const { columns, row } = TABLES[name];
  console.log(`\n| python | script | ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length + 2)}`);
  for (const python of pythons)
    for (const [title, work] of Object.entries(SCRIPTS)) {
      const script = join(folder, 'work.py');
      writeFileSync(script, TIMED(work));
      console.log(`| ${[python, title, ...(await row(python, script, rounds))].join(' | ')} |`);
    }
};

const main = async () => {
  process.env.MEMTRACE_CACHE_DIR = ''; // every run is a first one
  const args = process.argv.slice(2);
  const chosen = args[0] in TABLES ? args.splice(0, 1) : Object.keys(TABLES);
  const [rounds = '3', ...named] = args;
  const pythons = named.length > 0 ? named : ['/usr/bin/python3'].filter(existsSync);
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  try {
    for (const name of chosen) await printTable(name, Number(rounds), pythons, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

await main();
