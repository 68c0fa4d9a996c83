/**
 * `node dist/bench/python.js [rounds] [python…]`: what it costs to know the full Python stack of every allocation,
 * beside tracemalloc with 1 and with 25 frames.
 *
 * Each script times its own work, so that starting and reporting are left out. Interleaved rounds, the least of each
 * counts; "extra" is the time beyond the bare program's. Measure with nothing else running.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TIMED = (work: string) => `import time
${work}
once()
start = time.perf_counter()
once()
print(time.perf_counter() - start)
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
};

const COLUMNS = ['bare', 'memtrace', 'tracemalloc 1', 'tracemalloc 25'] as const;

const commandOf = (column: (typeof COLUMNS)[number], python: string, script: string): readonly string[] => {
  if (column === 'memtrace') return ['bin/memtrace', 'run', '--no-output', '--', python, script];
  if (column === 'bare') return [python, script];
  return [python, '-X', `tracemalloc=${column.split(' ')[1]}`, script];
};

const secondsOf = ([program, ...args]: readonly string[]): number =>
  Number(
    execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0],
  );

const main = () => {
  const rounds = Number(process.argv[2] ?? 3);
  const pythons = process.argv.slice(3);
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  try {
    console.log(
      `| python | script | ${COLUMNS.join(' ms | ')} ms | extra: of tracemalloc 1 | of tracemalloc 25 |`,
    );
    console.log(`|${'---|'.repeat(COLUMNS.length + 4)}`);
    for (const python of pythons.length > 0 ? pythons : ['/usr/bin/python3'].filter(existsSync))
      for (const [name, work] of Object.entries(SCRIPTS)) {
        const script = join(folder, 'work.py');
        writeFileSync(script, TIMED(work));
        const least = COLUMNS.map(() => Number.POSITIVE_INFINITY);
        for (let round = 0; round < rounds; round += 1)
          COLUMNS.forEach((column, at) => {
            least[at] = Math.min(least[at], secondsOf(commandOf(column, python, script)));
          });
        const [bare, ours, one, many] = least;
        const share = (other: number) => `${((100 * (ours - bare)) / (other - bare)).toFixed(0)} %`;
        const cells = [...least.map((seconds) => (seconds * 1000).toFixed(1)), share(one), share(many)];
        console.log(`| ${[python, name, ...cells].join(' | ')} |`);
      }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

main();
