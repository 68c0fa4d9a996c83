/** Every stack as libgcc's unwinder sees it, on programs that try to lead astray and on real ones. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  buildComparison,
  buildLazy,
  buildProgram,
  type Comparison,
  compare,
  folder,
  removeFolder,
} from './support.js';

const preload = buildComparison('compare');
test.after.always(removeFolder);

const builds = [['-O0'], ['-O2'], ['-O2', '-fno-omit-frame-pointer'], ['-O3', '-fcf-protection']] as const;

for (const flags of builds) {
  test(`a random call graph built with ${flags.join(' ')} has the right stack at every allocation`, async (t) => {
    const program = await buildProgram('random_calls', ...flags);
    const found = await compare(await preload, [program, '1', '40', '2']);
    t.is(found.mismatches, 0);
    t.is(found.truncated, 0);
    t.true(found.checked > 100_000, `only ${found.checked} stacks were seen`);
    t.true(found.afresh < found.checked / 4, 'most walks were to be incremental');
  });

  test(`return addresses left over from earlier calls mislead nobody, built with ${flags.join(' ')}`, async (t) => {
    const program = await buildProgram('stale_slots', ...flags);
    const found = await compare(await preload, [program, '50000']);
    t.is(found.mismatches, 0);
    t.is(found.truncated, 0);
    t.true(found.checked >= 50_000);
  });
}

test('functions that a signal interrupts anywhere have the right stack', async (t) => {
  const program = await buildProgram('interrupted', '-O2');
  const found = await compare(await preload, [program, '500']);
  t.is(found.mismatches, 0);
  t.true(found.checked >= 500);
});

test('allocations inside the lazy binding resolver have the right stack at each of its instructions', async (t) => {
  const { program, env } = await buildLazy('-O2');
  const found = await compare(await preload, [program], env);
  t.is(found.mismatches, 0);
  t.is(found.truncated, 0);
  t.true(found.checked > 1000, `only ${found.checked} stacks were seen`);
});

const has = (program: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
};

const real: Readonly<
  Record<string, readonly [command: readonly string[], env?: Readonly<Record<string, string>>]>
> = {
  sqlite3: [
    [
      'sqlite3',
      ':memory:',
      'create table t(a, b); with recursive n(x) as (select 1 union all select x + 1 from n where x < 3000) ' +
        'insert into t select x, hex(x) from n; select count(*) from t p join t q on p.a = q.a;',
    ],
  ],
  '/usr/bin/python3': [
    ['/usr/bin/python3', '-c', 'import json, ast; json.dumps([{str(i): [i]} for i in range(2000)])'],
    { PYTHONMALLOC: 'malloc' },
  ],
  perl: [['perl', '-e', 'my %h; $h{$_} = [1 .. 5] for 1 .. 3000; print scalar keys %h']],
  'g++': [['g++', '-O1', '-c', 'small.cpp', '-o', 'small.o']],
};

for (const [name, [command, env]] of Object.entries(real))
  test(`${name} has the right stack at every allocation`, async (t) => {
    if (!existsSync(name) && !has(name)) {
      t.log(`${name} is not installed`);
      t.pass();
      return;
    }
    const source = join(folder, 'small.cpp');
    writeFileSync(source, '#include <map>\n#include <string>\nstd::map<std::string, int> m{{"a", 1}};\n');
    const words = command.map((word) => (word.startsWith('small.') ? join(folder, word) : word));
    const found: Comparison = await compare(await preload, words, env);
    t.is(found.mismatches, 0);
    t.is(found.truncated, 0);
    t.true(found.checked > 1000, `only ${found.checked} stacks were seen`);
  });
