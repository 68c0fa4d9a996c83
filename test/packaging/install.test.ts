/**
 * `make install` and `make uninstall` into a folder of the test’s: what is there traces the example, and goes again.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../places.js';
import { attempt, run, temporaryFolder, tracesTheExample } from './support.js';

const install = (prefix: string) => run(ROOT, 'sh', 'scripts/install.sh', 'install', prefix);

test('what make install puts below a prefix works from there, and not through the checkout', (t) => {
  const prefix = temporaryFolder(t);
  install(prefix);
  tracesTheExample(t, prefix, join(prefix, 'bin/memtrace'));
  t.deepEqual(readdirSync(join(prefix, 'lib/memtrace/dist')).toSorted(), [
    'memtrace.bundle.cjs',
    'memtrace.cache',
    'memtrace.cjs',
  ]);
  t.false(existsSync(join(prefix, 'lib/memtrace/node_modules/ava')), 'only what it needs at run time');
});

test('a code cache that is damaged, of another build or not there does no harm', (t) => {
  const prefix = temporaryFolder(t);
  install(prefix);
  const file = join(prefix, 'lib/memtrace/dist/memtrace.cache');
  const whole = readFileSync(file);
  const { length } = whole;
  const noise = Buffer.alloc(length, 'x');
  for (const bytes of [
    whole.subarray(0, length / 2),
    Buffer.concat([whole.subarray(0, 16), noise]),
    Buffer.concat([noise.subarray(0, 16), whole.subarray(16)]),
    whole.subarray(0, 3),
    null,
  ]) {
    if (bytes) writeFileSync(file, bytes);
    else rmSync(file);
    t.regex(run(prefix, 'bin/memtrace', '--version'), /^memtrace \d/);
  }
});

test('the stack trace of a fault does not send one to a folder of the machine that built memtrace', (t) => {
  const prefix = temporaryFolder(t);
  install(prefix);
  const { stderr } = attempt(prefix, 'bin/memtrace', 'dump', '-vv', 'no session');
  t.regex(stderr, /^ +at .*\bdist\/memtrace\.bundle\.cjs:\d/m);
  t.false(stderr.includes(ROOT), stderr);
});

test('an installation goes over an older one, and uninstall leaves nothing of it', (t) => {
  const prefix = temporaryFolder(t);
  install(prefix);
  writeFileSync(join(prefix, 'lib/memtrace/dist/old.js'), '');
  install(prefix);
  t.false(existsSync(join(prefix, 'lib/memtrace/dist/old.js')));

  run(ROOT, 'sh', 'scripts/install.sh', 'uninstall', prefix);
  t.deepEqual(readdirSync(join(prefix, 'lib')), []);
  t.deepEqual(readdirSync(join(prefix, 'bin')), []);
});

test('a program of that name that is not ours is not overwritten', (t) => {
  const prefix = temporaryFolder(t);
  run(prefix, 'mkdir', 'bin');
  writeFileSync(join(prefix, 'bin/memtrace'), 'somebody else’s');
  const { status, stderr } = attempt(ROOT, 'sh', 'scripts/install.sh', 'install', prefix);
  t.is(status, 1);
  t.regex(stderr, /exists and is not memtrace's/);
});
