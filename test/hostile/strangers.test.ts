/** Another user on the machine, who tries to read, to connect, and to be in the way. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newFolder } from '../folders.js';
import { start } from '../launcher/support.js';
import { MEMTRACE } from '../places.js';
import { root, where } from '../where.js';
import { build, run } from './support.js';

const STRANGER = 65_534;
const stranger = (...command: readonly string[]) =>
  run(['setpriv', `--reuid=${STRANGER}`, `--regid=${STRANGER}`, '--clear-groups', ...command]);

where(root)('a running session: nothing of it can be listed, read, written or connected to', async (t) => {
  const runtime = newFolder();
  chmodSync(runtime, 0o755); // as lax as it can be
  const launcher = start(
    MEMTRACE,
    ['run', '-q', '--no-output', '--', await build('waiter.c'), 'storm', '10'],
    {
      env: { ...process.env, XDG_RUNTIME_DIR: runtime },
    },
  );
  await launcher.said(/ready/);
  const [id = ''] = readdirSync(join(runtime, 'memtrace'));
  const folder = join(runtime, 'memtrace', id);
  const { shmDirectory, socket } = JSON.parse(readFileSync(join(folder, 'session.json'), 'utf8'));
  const connect = `require('net').connect('${socket}').on('connect', () => process.exit(0)).on('error', (e) => { console.error(e.code); process.exit(1); })`;
  for (const attempt of [
    ['ls', join(runtime, 'memtrace')],
    ['ls', folder],
    ['cat', join(folder, 'session.json')],
    ['ls', shmDirectory],
    ['cat', join(shmDirectory, 'segment.1')],
    ['cat', join(shmDirectory, 'control')],
    ['sh', '-c', `echo x >>${join(shmDirectory, 'registry')}`],
    ['ln', '-s', '/etc/passwd', join(shmDirectory, 'segment.2')],
    [process.execPath, '-e', connect],
  ]) {
    const { code, stdout, stderr } = await stranger(...attempt);
    t.true(code !== 0, attempt.join(' '));
    t.is(stdout, '');
    t.regex(stderr, /denied|EACCES/i, attempt.join(' '));
  }
  launcher.process.stdin?.end();
  t.is((await launcher.outcome).code, 6);
});

for (const [what, plant] of [
  ['a folder', (path: string) => mkdirSync(path, { mode: 0o777 })],
  ['a file', (path: string) => writeFileSync(path, '')],
  ['a link to a folder of the user’s own', (path: string) => symlinkSync(newFolder(), path)],
] as const)
  where(root)(
    `${what} that a stranger planted where sessions lie is refused, and nothing runs`,
    async (t) => {
      const runtime = newFolder();
      plant(join(runtime, 'memtrace'));
      await run(['chown', '-h', String(STRANGER), join(runtime, 'memtrace')]);
      const { code, stdout, stderr } = await run([MEMTRACE, 'run', '--no-output', '--', 'echo', 'hello'], {
        env: { XDG_RUNTIME_DIR: runtime },
      });
      t.deepEqual({ code, stdout }, { code: 125, stdout: '' });
      t.regex(stderr, /cannot use .*for the session/);
      t.regex(stderr, /try: /);
    },
  );
