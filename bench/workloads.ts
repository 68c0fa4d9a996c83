/**
 * What is measured: programs whose allocations are known or typical, each as one command. Sizes are chosen so that
 * a bare run takes from a tenth of a second to two seconds.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Workload {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What runs the command, traced or not, with what it needs beside it. */
  readonly around?: (command: readonly string[]) => readonly string[];
}

const programs = 'build/programs';

/** @param folder for generated inputs */
export const workloads = (folder: string): readonly Workload[] => [
  { name: 'storm, 1 thread', command: [`${programs}/storm`, '1', '5'] },
  { name: 'storm, 2 threads', command: [`${programs}/storm`, '2', '2.5'] },
  { name: 'xthread', command: [`${programs}/xthread`, '3'] },
  { name: 'live', command: [`${programs}/live`, '3'] },
  { name: 'cpptree', command: [`${programs}/cpptree`, '500'] },
  { name: 'leaky', command: [`${programs}/leaky`, '300000'] },
  ...sqlite(folder),
  ...xmllint(folder),
  ...jq(folder),
  ...redis(folder),
  ...cc1plus(folder),
  ...python(folder),
];

/**
 * What a stack's depth costs, and how far it changes from one allocation to the next: between two of them the
 * program returns from so many frames and calls as many anew.
 */
export const depths = (): readonly Workload[] =>
  [5, 10, 20, 40, 100].flatMap((depth) =>
    [1, 4, depth]
      .filter((change, at, all) => all.indexOf(change) === at)
      .map((change) => ({
        name: `depth ${depth}, ${change === depth ? 'all' : change} anew`,
        command: [`${programs}/depth`, `${depth}`, `${change}`, '2'],
      })),
  );

const has = (program: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const sqlite = (folder: string): readonly Workload[] => {
  if (!has('sqlite3')) return [];
  const script = join(folder, 'join.sql');
  writeFileSync(
    script,
    `create table t(a, b, c);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 60000)
insert into t select x, hex(x * 7919), x % 97 from n;
create index i on t(c);
select count(*), sum(length(p.b || q.b)) from t p join t q on p.c = q.c where p.a % 50 = 0;
select group_concat(upper(b) || lower(b)) is not null from t;
select count(*) from (select b || a || c as s from t order by s);
`,
  );
  return [{ name: 'sqlite3', command: ['sqlite3', ':memory:', `.read ${script}`] }];
};

const jq = (folder: string): readonly Workload[] => {
  if (!has('jq')) return [];
  const file = join(folder, 'large.json');
  const rows = Array.from({ length: 60000 }, (_, i) => ({
    id: i,
    name: `name ${i}`,
    tags: [`${i % 7}`, 'x'],
  }));
  writeFileSync(file, JSON.stringify(rows));
  return [{ name: 'jq', command: ['jq', 'map(.tags[0] + .name) | group_by(.[0:1]) | length', file] }];
};

const xmllint = (folder: string): readonly Workload[] => {
  if (!has('xmllint')) return [];
  const file = join(folder, 'large.xml');
  const rows = Array.from(
    { length: 100_000 },
    (_, i) => `<row id="${i}"><name>name ${i}</name><tag kind="a">${i % 7}</tag></row>`,
  );
  writeFileSync(file, `<rows>\n${rows.join('\n')}\n</rows>\n`);
  return [{ name: 'xmllint', command: ['xmllint', '--noout', '--xpath', 'count(//tag)', file] }];
};

/** Its client is not traced; what it costs is in all figures, the bare ones too. */
const redis = (folder: string): readonly Workload[] => {
  if (!has('redis-server') || !has('redis-benchmark')) return [];
  const script = join(folder, 'redis.sh');
  const socket = join(folder, 'redis.sock');
  writeFileSync(
    script,
    `(until redis-cli -s ${socket} ping; do sleep 0.02; done
 redis-benchmark -s ${socket} -q -n 100000 -r 50000 -c 20 -P 16 -t set,lpush,sadd
 redis-cli -s ${socket} shutdown nosave) >/dev/null 2>&1 &
exec "$@"
`,
  );
  const server = ['redis-server', '--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no'];
  return [{ name: 'redis', command: server, around: (command) => ['sh', script, ...command] }];
};

/** The compiler proper on one preprocessed file: many distinct stacks. */
const cc1plus = (folder: string): readonly Workload[] => {
  if (!has('g++')) return [];
  const compiler = execFileSync('g++', ['-print-prog-name=cc1plus'], { encoding: 'utf8' }).trim();
  if (!existsSync(compiler)) return [];
  const source = join(folder, 'cpptree.ii');
  execFileSync('g++', ['-E', 'test/programs/cpptree.cpp', '-o', source]);
  return [
    {
      name: 'cc1plus',
      command: [compiler, '-quiet', '-O2', '-fpreprocessed', source, '-o', '/dev/null'],
    },
  ];
};

const python = (folder: string): readonly Workload[] => {
  if (!existsSync('/usr/bin/python3')) return [];
  const script = join(folder, 'objects.py');
  writeFileSync(
    script,
    `import json, ast
data = [{"id": i, "name": "name %d" % i, "tags": [str(i), i * 1.5]} for i in range(30000)]
for _ in range(3):
    again = json.loads(json.dumps(data))
source = "\\n".join("def f%d(a, b=%d): return [a + b for _ in range(%d)]" % (i, i, i) for i in range(3000))
tree = ast.parse(source)
print(len(again), sum(1 for _ in ast.walk(tree)))
`,
  );
  return [
    {
      name: 'python, malloc',
      command: ['/usr/bin/python3', script],
      env: { PYTHONMALLOC: 'malloc' },
    },
  ];
};
