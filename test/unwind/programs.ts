/** Real programs whose stacks are compared, each where it is installed or can be built. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../places.js';
import { folder } from './support.js';

export interface RealProgram {
  readonly name: string;
  /** What must be there for it. */
  readonly needs: string;
  /** Builds what it works on. */
  readonly command: () => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Builds longer than a test may take, or needs a compiler that only `make test-all` asks for. */
  readonly slow?: true;
}

const SQL =
  'create table t(a, b); with recursive n(x) as (select 1 union all select x + 1 from n where x < 3000) ' +
  'insert into t select x, hex(x) from n; select count(*) from t p join t q on p.a = q.a;';

const source = (text: string): readonly string[] => {
  const path = join(folder, `source${text.length}.cpp`);
  writeFileSync(path, text);
  return ['g++', '-O1', '-c', path, '-o', `${path}.o`];
};

const repository = (): string => {
  const path = join(folder, 'repository');
  mkdirSync(path);
  const git = (...args: readonly string[]): void => {
    execFileSync('git', ['-C', path, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      stdio: 'ignore',
    });
  };
  git('init');
  for (let commit = 0; commit < 20; commit += 1) {
    for (let file = 0; file < 10; file += 1)
      writeFileSync(join(path, `${file}.txt`), `${commit * file}\n`.repeat(100));
    git('add', '.');
    git('commit', '-m', `commit ${commit}`);
  }
  return path;
};

const rust = (): readonly string[] => {
  const out = join(folder, 'shapes');
  execFileSync('rustc', ['-O', join(ROOT, 'test/programs/unwind/shapes.rs'), '-o', out]);
  return [out];
};

const cgo = (): readonly string[] => {
  const out = join(folder, 'cgo');
  execFileSync('go', ['build', '-o', out, '.'], {
    cwd: join(ROOT, 'test/programs/unwind/cgo'),
    env: { ...process.env, CGO_ENABLED: '1', GOFLAGS: '-mod=mod', GOPROXY: 'off' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return [out];
};

export const realPrograms: readonly RealProgram[] = [
  { name: 'sqlite3', needs: 'sqlite3', command: () => ['sqlite3', ':memory:', SQL] },
  {
    name: 'python3',
    needs: '/usr/bin/python3',
    command: () => [
      '/usr/bin/python3',
      '-c',
      'import json, ast; json.dumps([{str(i): [i]} for i in range(2000)])',
    ],
    env: { PYTHONMALLOC: 'malloc' },
  },
  {
    name: 'perl',
    needs: 'perl',
    command: () => ['perl', '-e', 'my %h; $h{$_} = [1 .. 5] for 1 .. 3000; print scalar keys %h'],
  },
  { name: 'git log -p', needs: 'git', command: () => ['git', '-C', repository(), 'log', '-p'] },
  {
    name: 'cc1plus',
    needs: 'g++',
    command: () => source('#include <map>\n#include <string>\nstd::map<std::string, int> m{{"a", 1}};\n'),
  },
  {
    name: 'cc1plus, a large file',
    needs: 'g++',
    command: () =>
      source('#include <regex>\nbool f(const char *s) { return std::regex_match(s, std::regex("a*b")); }\n'),
    slow: true,
  },
  { name: 'Rust', needs: 'rustc', command: rust, slow: true },
  { name: 'Go with cgo', needs: 'go', command: cgo, slow: true },
];
