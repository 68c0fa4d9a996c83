/** Ways to start a program other than exec: each fares as untraced, and is traced or counted. */
import test from 'ava';
import { build, MEMTRACE, run, unchanged } from './support.js';

/** Changing the user needs the right to. */
const asRoot = process.getuid?.() === 0 ? test : test.skip;

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

asRoot(
  'system and popen after giving up root: no complaint of the loader, and all are counted',
  async (t) => {
    const command = [await build('starts.c'), 'as-nobody'];
    const { main } = await unchanged(t, command);
    t.is(main.capture.untracedChildren, 3);
    const report = await reported(command);
    t.is(report.split('not traced: it runs as another user').length, 4, report);
  },
);
