/** Ways to start a program other than exec: each fares as untraced, and is traced or counted. */
import test from 'ava';
import { build, MEMTRACE, run } from './support.js';

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
