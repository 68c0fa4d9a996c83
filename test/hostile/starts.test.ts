/** Ways to start a program other than exec: each fares as untraced, and is traced or counted. */
import { basename, dirname } from 'node:path';
import test from 'ava';
import { MEMTRACE } from '../places.js';
import { root, where } from '../where.js';
import { build, run, trace, unchanged } from './support.js';

/** What the report says. */
const reported = async (command: readonly string[]): Promise<string> => {
  const { stderr } = await run([MEMTRACE, 'run', '--no-output', '--', ...command]);
  return stderr.replaceAll(/\s+/g, ' ');
};

test('a static program by posix_spawn is named as a child, not as what the program became', async (t) => {
  const still = await build('starts.c', 'starts-static', '-static');
  const report = await reported([await build('starts.c'), 'spawn', still]);
  t.regex(report, /Other processes: 1 \d+ \S*starts-static: not traced: it is linked statically/);
  t.notRegex(report, /became/);
});

test('system and popen after clearing the environment: what is not traced is counted', async (t) => {
  const command = [await build('starts.c'), 'cleared'];
  const { main } = await unchanged(t, command);
  t.is(main.capture.untracedChildren, 2);
  t.regex(await reported(command), /sh: not traced: it was started by system or popen, after LD_PRELOAD/);
});

where(root)(
  'system and popen after giving up root: no complaint of the loader, and all are counted',
  async (t) => {
    const command = [await build('starts.c'), 'as-nobody'];
    const { main } = await unchanged(t, command);
    t.is(main.capture.untracedChildren, 3);
    const report = await reported(command);
    t.is(report.split('not traced: it runs as another user').length, 4, report);
  },
);

for (const [title, how] of [
  ['posix_spawn in a folder of its own', 'spawn-chdir'],
  ['posix_spawn in an open folder', 'spawn-fchdir'],
  ['execveat in an open folder', 'execveat'],
] as const) {
  test(`${title}: a program with a sanitizer runs as ever, and is counted`, async (t) => {
    const sanitized = await build('starts.c', 'starts-asan', '-fsanitize=address');
    const command = [await build('starts.c'), how, `./${basename(sanitized)}`, dirname(sanitized)];
    const { stdout, stderr, main } = await trace(command); // no witness: the sanitizer bears no preload
    t.deepEqual({ stdout, stderr }, { stdout: 'hello\n0\n', stderr: '' });
    t.is(main.capture.untracedChildren, 1);
  });
  test(`${title}: an ordinary program is traced`, async (t) => {
    const program = await build('starts.c');
    const { snapshots, main } = await unchanged(t, [
      program,
      how,
      `./${basename(program)}`,
      dirname(program),
    ]);
    t.is(main.capture.untracedChildren, 0);
    t.is(snapshots.filter(({ capture }) => capture.allocations > 0).length, 2);
  });
}
