/**
 * Runs ava and prints what a person and a script want to read: failures in full, a line per test, and at the end
 * one line `N passed, N failed`, which build/test-result keeps. Fails when ava does, or when nothing passed.
 *
 *   node scripts/test.js [test/views/*.test.ts …]     sources or dist/…js; all when none is given
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { makeScratch } from './scratch.js';

/** Far longer than any test. */
const SILENCE_MS = Number(process.env.TEST_SILENCE_MS ?? 240_000);
const asCompiled = (file) => file.replace(/^test\//, 'dist/test/').replace(/\.ts$/, '.js');

const scratch = makeScratch();
// In a group of its own, so that a test that hangs can be ended with all that ava started.
const ava = spawn('node_modules/.bin/ava', ['--tap', ...process.argv.slice(2).map(asCompiled)], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, ...scratch.environment },
  detached: true,
});
const endAll = () => {
  try {
    process.kill(-ava.pid, 'SIGKILL');
  } catch {} // it has ended
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, endAll);
/** ava has a timeout, too, but its reporter fails in it and the hanging test keeps everything waiting. */
const watchdog = setTimeout(() => {
  console.log(`✘ no test has ended for ${SILENCE_MS / 1000} s: stopped`);
  endAll();
}, SILENCE_MS);
const MARKS = { passed: '✔', failed: '✘', skipped: '–' };
const count = { passed: 0, failed: 0, skipped: 0 };
const said = { passed: 0, failed: 0 }; // by ava, at its end: it knows of tests that never came to run, too
const failures = [];
let details = null; // of the failure that is being read

const readLine = (line) => {
  watchdog.refresh();
  const [, not, title] = /^(not )?ok \d+ - (.*)$/.exec(line) ?? [];
  if (title !== undefined) {
    details = null;
    readResult(title, not !== undefined);
  } else if (line === '  ...') details = null;
  else if (details) details.push(line);
  else if (/^# pass \d+$/.test(line)) said.passed = Number(line.slice(7));
  else if (/^# fail \d+$/.test(line)) said.failed = Number(line.slice(7));
  else if (line.startsWith('#   '))
    console.log(`    ${line.slice(4)}`); // what the test logged
  else if (!isOfTap(line)) console.log(line);
};

const isOfTap = (line) => /^(TAP version|---$|\d+\.\.\d+|# |\s*$)/.test(line);

const readResult = (title, failed) => {
  const outcome = / # (SKIP|TODO)/i.test(title) ? 'skipped' : failed ? 'failed' : 'passed';
  count[outcome] += 1;
  console.log(`${MARKS[outcome]} ${title}`);
  if (outcome !== 'failed') return;
  details = [title];
  failures.push(details);
};

createInterface({ input: ava.stdout }).on('line', readLine);
const status = await new Promise((resolve) => {
  ava.on('error', (error) => {
    console.error(`cannot start ava: ${error.message}`);
    resolve(1);
  });
  ava.on('close', (code) => resolve(code ?? 1));
});
clearTimeout(watchdog);
for (const command of await scratch.end()) console.log(`left running by a test, and ended: ${command}`);

for (const lines of failures) console.log(`\n✘ ${lines.join('\n')}`);
console.log();
for (const [title] of failures) console.log(`✘ ${title}`); // once more, where the end of a long log is all one sees
if (count.skipped > 0) console.log(`${count.skipped} skipped`);
// A run that ava calls failed (a file that does not load, a test that hangs) has failed, whatever was counted.
const failed = Math.max(count.failed, said.failed, status === 0 ? 0 : 1);
const passed = Math.min(count.passed, said.passed);
const result = `${passed} passed, ${failed} failed`;
console.log(result);
writeFileSync('build/test-result', `${result}\n`);
process.exitCode = passed === 0 || failed > 0 ? 1 : 0;
