/** What is refused before the program runs: nothing ran, and the user is told what, why and what to do. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { newFolder } from '../folders.js';
import { MEMTRACE } from '../places.js';
import { root, where } from '../where.js';
import { compiled, file, memtrace, type Outcome, run, traced } from './support.js';

const folder = newFolder();
const SNAPSHOT = 'test/fixtures/snapshots/before.json';

/** Nothing ran, and the user was told what happened, why, and what to do. */
const refused = (t: ExecutionContext, outcome: Outcome, code: number, why: RegExp): void => {
  t.is(outcome.code, code, outcome.stderr);
  t.is(outcome.stdout, '');
  t.regex(outcome.stderr, /^memtrace: .+\n {2}why: .+\n {2}try: .+\n$/);
  t.regex(outcome.stderr, why);
};

test('a program that does not exist', async (t) => {
  refused(t, await traced('no-such-program'), 127, /folders of PATH/);
  refused(t, await traced('./no-such-program'), 127, /no such file/);
});

test('an empty name is shown as one', async (t) => {
  refused(t, await traced(''), 127, /cannot run ""/);
  refused(t, await memtrace('report', ''), 1, /cannot read ""/);
  refused(t, await memtrace('doctor', ''), 1, /cannot find ""/);
  refused(t, await memtrace('dump', ''), 1, /no session ""/);
  refused(t, await memtrace('ls', ''), 2, /what is "" for/);
  refused(t, await memtrace(''), 2, /unknown command ""/);
});

test('a folder, and a file that is not executable', async (t) => {
  refused(t, await traced(folder), 126, /it is a folder/);
  refused(t, await traced(file(join(folder, 'plain'), 'text', 0o644)), 126, /may not execute/);
});

test('doctor: what is in this folder, and not in PATH, is told as run tells it', async (t) => {
  file(join(folder, 'here.json'), '{}', 0o644);
  const doctor = (program: string) => run(MEMTRACE, ['doctor', program], { cwd: folder });
  refused(t, await doctor('here.json'), 1, /no such command in PATH.*\n.*folder is \.\/here\.json/);
  refused(t, await doctor('./here.json'), 1, /not executable/);
  refused(t, await doctor('nowhere.json'), 1, /no such file/);
});

test('a script whose interpreter does not exist', async (t) => {
  const script = file(join(folder, 'orphan'), '#!/no/such/interpreter\n');
  refused(t, await traced(script), 126, /interpreter \/no\/such\/interpreter does not exist/);
});

test('a script without a first line is run by sh, as everywhere', async (t) => {
  t.is((await traced(file(join(folder, 'bare'), 'echo from sh\n'))).stdout, 'from sh\n');
});

test('a static program, also a position-independent one', async (t) => {
  refused(t, await traced(compiled(folder, 'static', '-static')), 125, /statically linked/);
  refused(t, await traced(compiled(folder, 'static-pie', '-static-pie')), 125, /statically linked/);
});

test('a script whose interpreter is static', async (t) => {
  const script = file(join(folder, 'behind'), `#!${compiled(folder, 'static-sh', '-static')}\n`);
  refused(t, await traced(script), 125, /script whose interpreter/);
});

test('a program of another C library', async (t) => {
  const musl = compiled(folder, 'musl', '-Wl,--dynamic-linker=/bin/true');
  refused(t, await traced(musl), 125, /another C library/);
});

test('a program for another machine', async (t) => {
  const path = compiled(folder, 'native');
  const bytes = readFileSync(path);
  bytes[4] = 1; // EI_CLASS: 32 bits
  bytes.writeUInt16LE(3, 18); // e_machine: i386
  writeFileSync(path, bytes);
  refused(t, await traced(path), 125, /another kind of processor/);
});

test('a program built with a sanitizer', async (t) => {
  refused(t, await traced(compiled(folder, 'asan', '-fsanitize=address')), 125, /sanitizer/);
  const own = compiled(folder, 'asan-inside', '-fsanitize=address', '-static-libasan');
  refused(t, await traced(own), 125, /sanitizer/);
});

where(root)('a setuid program of another user’s', async (t) => {
  const path = join(folder, 'setuid');
  copyFileSync(compiled(folder, 'dynamic'), path);
  chownSync(path, 1, 1);
  chmodSync(path, 0o4755);
  refused(t, await traced(path), 125, /other rights than yours/);
});

test('--allow-untraced runs it all the same, with a warning', async (t) => {
  const path = compiled(folder, 'allowed', '-static');
  const { code, stderr } = await memtrace('run', '--no-output', '--allow-untraced', path);
  t.is(code, 0);
  t.regex(stderr, /runs without a trace: it is statically linked/);
});

test('an output that exists is not overwritten, and the program does not run', async (t) => {
  const output = file(join(folder, 'kept.json'), 'precious', 0o644);
  refused(t, await memtrace('run', '-o', output, 'echo', 'ran'), 125, /exists already[\s\S]*--force/);
  t.is(readFileSync(output, 'utf8'), 'precious');
});

test('of -o and --no-output the last one counts, and it is said which that is', async (t) => {
  const output = join(newFolder(), 'a.json');
  const none = await memtrace('run', '-q', '-o', output, '--no-output', 'true');
  t.regex(none.stderr, /warning: .*--no-output.*: no snapshot is kept/);
  t.false(existsSync(output));
  const kept = await memtrace('run', '-q', '--no-output', '-o', output, 'true');
  t.true(kept.stderr.includes(`the snapshot will be ${output}`), kept.stderr);
  t.true(existsSync(output));
  t.is((await memtrace('run', '-q', '--no-output', 'true')).stderr, '');
});

test('an output that cannot be written is told before the program runs', async (t) => {
  refused(t, await memtrace('run', '-o', '/no/such/folder/a.json', 'echo', 'ran'), 125, /no such folder/);
  refused(t, await memtrace('run', '-o', folder, 'echo', 'ran'), 125, /is a folder/);
  refused(t, await memtrace('run', '-o', '/proc/a.json', 'echo', 'ran'), 125, /cannot write to \/proc/);
  refused(t, await memtrace('run', '-o', '\uFFFD.json', 'echo', 'ran'), 125, /name is not UTF-8/);
});

test('where a file cannot be written, the remedy is of the option that named it', async (t) => {
  const report = await memtrace('run', '--no-output', '--json', '/no/such/folder/r.json', 'echo', 'ran');
  refused(t, report, 125, /try: Give --json FILE/);
  refused(t, await memtrace('dump', '-o', '/no/such/folder/a.json'), 125, /try: Give -o FILE.*-o -/);
  refused(t, await memtrace('run', '-o', '/no/such/folder/a.json', 'echo'), 125, /try: .*--no-output/);
});

test('a runtime folder that is open to others is not used', async (t) => {
  const runtime = newFolder();
  mkdirSync(join(runtime, 'memtrace'));
  chmodSync(join(runtime, 'memtrace'), 0o755);
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
  refused(t, await run(MEMTRACE, ['run', '--no-output', 'echo'], { env }), 125, /yours alone/);
});

test('wrong usage names what was probably meant', async (t) => {
  refused(t, await memtrace('rnu'), 2, /memtrace run/);
  refused(t, await memtrace('RUN'), 2, /Did you mean: memtrace run/);
  refused(t, await memtrace('run', '--forse', 'echo'), 2, /--force/);
  refused(t, await memtrace('run', '--on-full=often', 'echo'), 2, /wait, drop/);
  refused(t, await memtrace('run', '--limit=many', 'echo'), 2, /number/);
  refused(t, await memtrace('run', '--listen=0.0.0.0:80', 'echo'), 2, /this machine/);
  refused(t, await memtrace('run'), 2, /nothing to run/);
});

test('-vv shows where an error comes from, whatever the command', async (t) => {
  const none = join(folder, 'none.json');
  for (const args of [
    ['report', none],
    ['annotate', 'a.c', none],
    ['dump', '--diff', none, none],
    ['ls', 'x'],
  ]) {
    t.regex((await memtrace(...args, '-vv')).stderr, /^ +at /m, args.join(' '));
    t.notRegex((await memtrace(...args)).stderr, /^ +at /m, args.join(' '));
  }
});

test('without Node.js it is told which was looked for, and where', async (t) => {
  const withNode = (env: NodeJS.ProcessEnv) => run(MEMTRACE, ['run', '--no-output', '/bin/true'], { env });
  refused(t, await withNode({ MEMTRACE_NODE: '/no/such/node' }), 125, /MEMTRACE_NODE is \/no\/such\/node/);
  refused(t, await withNode({ PATH: folder, MEMTRACE_NODE: '' }), 125, /no `node` in .*PATH\n.*20\.19/);
});

test('an option that the others make void is wrong usage: report --block', async (t) => {
  for (const option of ['--by=stack', '--sort=peak'])
    refused(t, await memtrace('report', SNAPSHOT, '--block', option), 2, /is not for --block/);
});

test('an option that the others make void is wrong usage: dump', async (t) => {
  for (const option of ['--by=stack', '--json', '--color=never'])
    refused(t, await memtrace('dump', 'nosuch', option), 2, /is for --diff/);
  refused(t, await memtrace('dump', '--diff', '-f', 'a.json', 'b.json'), 2, /--diff keeps nothing/);
});

test('an option that names nothing is wrong usage: run --only, --exclude', async (t) => {
  for (const option of ['--only', '--exclude'])
    refused(t, await memtrace('run', option, ',', 'echo', 'ran'), 2, /names no program/);
});

test('dump --diff --exit-code: an output that cannot be written is no answer', async (t) => {
  const diff = (options: string) =>
    run('sh', ['-c', `exec "$0" dump --diff "$1" "$1" ${options} >/dev/full`, MEMTRACE, SNAPSHOT]);
  refused(t, await diff('--json --exit-code'), 2, /cannot write the output/);
  refused(t, await diff('--json'), 125, /cannot write the output/);
});

test('a closed output is one that cannot be written, not one that says nothing', async (t) => {
  const closed = (words: string) => run('sh', ['-c', `exec "$0" ${words} >&-`, MEMTRACE, SNAPSHOT]);
  refused(t, await closed('report "$1"'), 125, /cannot write the output/);
  t.is((await closed(`dump --diff "$1" "$1" --exit-code`)).code, 2);
});

test('a name too long for the system is told in plain words', async (t) => {
  const long = 'x'.repeat(300);
  refused(t, await memtrace('run', '-o', long, 'echo', 'ran'), 125, /name is too long/);
  refused(t, await memtrace('run', '--no-output', '--json', long, 'echo'), 125, /name is too long/);
  refused(t, await memtrace('dump', '-o', long), 125, /name is too long/);
  for (const program of [long, `./${long}`])
    refused(t, await memtrace('doctor', program), 1, /cannot find x|cannot find \.\/x/);
});

test('a session that does not exist', async (t) => {
  const output = join(folder, 'never.json');
  refused(t, await memtrace('dump', 'nosuch', '-o', output), 1, /no session nosuch/);
});

test('a folder in which no file can be made is refused in plain words', async (t) => {
  const outcome = await memtrace('run', '-o', '/proc/x.json', 'echo');
  refused(t, outcome, 125, /No file can be made there|You may not write there/);
});

test('in a folder that was deleted, a program runs and snapshots elsewhere are read', async (t) => {
  const snapshot = join(folder, 'before.json');
  await memtrace('run', '-q', '-o', snapshot, 'true');
  const gone = (words: string) =>
    run('sh', ['-c', `cd "$(mktemp -d)" && rmdir "$PWD" && exec "$0" ${words}`, MEMTRACE]);
  const ran = await gone(`run -q -o ${join(folder, 'elsewhere.json')} -- echo here`);
  t.deepEqual([ran.code, ran.stdout, ran.stderr], [0, 'here\n', '']);
  t.regex((await gone(`report ${snapshot}`)).stdout, /allocations/);
  t.is((await gone('ls')).code, 0);
  refused(t, await gone('run -- echo here'), 125, /the working folder\n.*It was deleted/);
});

test('an output on a descriptor of the caller’s, which would be lost, is refused; stderr has it', async (t) => {
  for (const path of ['/dev/stdout', '/dev/fd/3', '/proc/self/fd/1']) {
    refused(t, await memtrace('run', '-o', path, 'echo'), 125, /cannot write to \/.*but stderr.*mkfifo/s);
    refused(t, await memtrace('run', '--no-output', '--json', path, 'echo'), 125, /cannot write to \//);
  }
  const { code, stderr } = await memtrace('run', '-q', '-o', '/dev/stderr', 'echo');
  t.is(code, 0);
  t.regex(stderr, /^\{.*"schema"/s);
});
