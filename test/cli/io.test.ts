/** Where the output goes when its reader has gone. */
import { spawnSync } from 'node:child_process';
import test from 'ava';

const PROGRAM = `
  import { processIo } from './dist/cli/print/io.js';
  const io = processIo();
  for (let line = 0; line < 100000; line += 1) io.stdout.write('a line of a long report\\n');
`;

test('a report piped into head ends without a word', (t) => {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', '"$0" --input-type=module -e "$1" | head -1', process.execPath, PROGRAM],
    {
      encoding: 'utf8',
    },
  );
  t.deepEqual([status, stdout, stderr], [0, 'a line of a long report\n', '']);
});
