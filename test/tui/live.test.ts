/** The whole thing against a live program, in a tmux: what a person does to find a leak. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { MEMTRACE, program, ROOT } from '../places.js';
import { inTmux, type Tmux } from './tmux.js';

const GROWING = program('growing');
const SOURCE = readFileSync(join(ROOT, 'test/programs/growing.c'), 'utf8').split('\n');
const LEAK = SOURCE.findIndex((line) => line.includes('the leak')) + 1;

const runTui = (
  t: ExecutionContext,
  environment: Readonly<Record<string, string>> = {},
  options = '',
): Tmux =>
  inTmux(
    t,
    `clear; ${MEMTRACE} run --tui --quiet --no-output ${options} -- ${GROWING}; echo status=$?`,
    environment,
  );

const end = async (tmux: Tmux): Promise<void> => {
  tmux.press('q', 'e');
  await tmux.until(/status=143/);
};

test('the leaking line is found within ten keys: mark, difference, enter', async (t) => {
  const tmux = runTui(t);
  await tmux.until(/keep_note/);
  t.regex(tmux.screen(), /main[\s\S]*keep_note/); // the largest is not the one that leaks
  tmux.press('m');
  await tmux.until(/since the mark/);
  tmux.press('d');
  // What did not grow is gone once the table of the difference has come.
  await tmux.until(/growth▼(?![\s\S]* main\b[^\n]*$)[^\n]*\n[^\n]*\+[\d.]+ [KM]iB[^\n]*keep_note/m);
  tmux.press('Enter');
  await tmux.until(new RegExp(`[KM]iB .*▶ +${LEAK} .*malloc\\(sizeof \\*note\\); // the leak`));
  await tmux.until(/What lives, by age\s+[\d.]+ [KM]iB.*under 1 s[\s\S]*and by size\s.* from 128 B /);
  const inside = await tmux.until(/1 stack leads here/);
  t.regex(inside, /keep_note \(.*growing\.c:\d+\)\s+serve \(.*\)\s+main/);
  await end(tmux);
});

test('search, filter, the tree of stacks, and the views of threads, sizes and processes', async (t) => {
  const tmux = runTui(t);
  await tmux.until(/keep_note/);
  tmux.press('f');
  tmux.type('module:growing size>1q');
  await tmux.until(/size>\[1q\].*1q is not a size/);
  tmux.press('BSpace');
  tmux.type('m fn:main');
  tmux.press('Enter');
  await tmux.until(/filter module:growing size>1m fn:main \(Esc clears\)/);
  await tmux.until(/1\/1/);
  t.notRegex(tmux.screen(), /keep_note/);
  tmux.press('Escape');
  await tmux.until(/keep_note/);
  tmux.press('/');
  tmux.type('keep');
  await tmux.until(/ 2\/\d/);
  tmux.press('Enter', '5');
  await tmux.until(/callers first[\s\S]*▸ main /);
  tmux.press('f');
  tmux.type('fn:keep_note');
  tmux.press('Enter'); // a chain of only children stands open
  await tmux.until(/▾ main [\s\S]*▾ serve [\s\S]*· keep_note/);
  tmux.press('-');
  await tmux.until(/▸ main /);
  tmux.press('*');
  await tmux.until(/▾ main [\s\S]*▾ serve [\s\S]*· keep_note/);
  tmux.press('Escape');
  await tmux.until(/^filter fn:keep_note \(Esc clears\) {2}\?/m);
  tmux.press('Escape');
  await tmux.until(/^\? help/m);
  tmux.press('t');
  await tmux.until(/allocators first[\s\S]*keep_note/);
  tmux.press('6');
  await tmux.until(/tid[\s\S]*growing/);
  tmux.press('7');
  await tmux.until(/size from[\s\S]*128 B[\s\S]*8\.0 MiB/);
  tmux.press('8');
  await tmux.until(/running {2}growing/);
  tmux.press('9');
  await tmux.until(/round \d+/);
  await end(tmux);
});

test('the editor gets the line, and the screen comes back; a snapshot is written', async (t) => {
  const tmux = runTui(t, { EDITOR: './editor', VISUAL: '' }); // in the folder of the test
  const editor = `${tmux.folder}/editor`;
  writeFileSync(editor, '#!/bin/sh\necho "editing $*"\nread answer\n');
  chmodSync(editor, 0o755);
  await tmux.until(/keep_note/);
  tmux.press('/');
  tmux.type('keep_note');
  tmux.press('Enter', 'e');
  const edited = await tmux.until(/editing/);
  t.regex(edited, new RegExp(`editing \\+${LEAK} .*growing\\.c`));
  t.notRegex(edited, /\[1 Lines\]/);
  tmux.press('j', 'Enter');
  await tmux.until(/\[1 Lines\][\s\S]*keep_note/);
  tmux.press('S');
  await tmux.until(/Saved as memtrace\.growing\./);
  t.is(readdirSync(tmux.folder).filter((name) => /^memtrace\.growing\..*\.json$/.test(name)).length, 1);
  await end(tmux);
});

test('a snapshot that cannot be written is missed with a reason, and the view goes on', async (t) => {
  const tmux = inTmux(
    t,
    `cd /proc; clear; ${MEMTRACE} run --tui --quiet --no-output -- ${GROWING}; echo status=$?`,
  );
  await tmux.until(/keep_note/);
  tmux.press('S');
  await tmux.until(/No snapshot: cannot write [\s\S]*\.json\.\s+Its folder/);
  tmux.press('2');
  await tmux.until(/\[2 Functions\]/);
  await end(tmux);
  t.pass();
});

test('the screen follows the size of the terminal', async (t) => {
  const tmux = runTui(t);
  await tmux.until(/keep_note/);
  tmux.resize(40, 12);
  await tmux.until(
    new RegExp(`growing {2}.*running[\\s\\S]*^\\[1 Lines\\] 2 {2}3[\\s\\S]*growing\\.c:${LEAK}`, 'm'),
  );
  tmux.resize(130, 40);
  await tmux.until(/\[1 Lines\] 2 Functions[\s\S]*total[\s\S]*keep_note/);
  await end(tmux);
  t.pass();
});

test('pictographs and accents shift nothing, and leave nothing behind', async (t) => {
  const written = '👩‍👩‍👧‍👦 👍🏽 ✅ e\u0301 \u0915\u093e 中';
  const tmux = inTmux(
    t,
    `clear; ${MEMTRACE} run --tui --quiet --no-output -- sh -c 'echo "${written}${'x'.repeat(70)}"; exec sleep 60'; echo status=$?`,
  );
  await tmux.until(/\[1 Lines\]/);
  tmux.press('9');
  const whole = await tmux.until(/x\n/);
  t.regex(whole, /^👩👩👧👦 👍 ✅ e\u0301 \u0915\u093e 中x{70}$/m);
  tmux.press('7');
  await tmux.until(/size from/);
  t.notRegex(tmux.screen(), /[👩👧👦👍✅中]|xxx/u);
  await end(tmux);
});

test('leaving stops the trace when asked to; the program runs on, and ends as ever', async (t) => {
  const tmux = runTui(t);
  await tmux.until(/keep_note/);
  tmux.press('q');
  await tmux.until(/what about the program/);
  tmux.press('Escape');
  await tmux.until(/keep_note/);
  tmux.press('q', 's');
  await tmux.until(/^round \d+/m);
  tmux.press('C-c');
  await tmux.until(/status=130/);
  t.pass();
});

test('two look at one session; each has its own view', async (t) => {
  const tmux = runTui(t);
  await tmux.until(/keep_note/);
  const id = /session (\w+)/.exec(tmux.screen())?.[1] ?? '';
  const pid = /pid (\d+)/.exec(tmux.screen())?.[1] ?? id;
  const other = inTmux(t, `clear; ${MEMTRACE} top --no-mouse ${pid}; echo status=$?`);
  await other.until(/keep_note/);
  other.press('2');
  await other.until(/\[2 Functions\]/);
  t.regex(tmux.screen(), /\[1 Lines\]/);
  other.press('q');
  await other.until(/status=0/);
  await end(tmux);
});

test('top begins with the rows and the order it was asked for, and says that it has no limit', async (t) => {
  const tmux = runTui(t);
  await tmux.until(/keep_note/);
  const pid = /pid (\d+)/.exec(tmux.screen())?.[1];
  // By blocks: no row overtakes another, which the second one chosen would follow.
  const top = inTmux(
    t,
    `clear; ${MEMTRACE} top --by function --sort blocks --limit 1 ${pid}; echo status=$?`,
  );
  await top.until(/\[2 Functions\][\s\S]*blocks▼[\s\S]*keep_note[\s\S]*^--limit is for --once/m);
  top.press('j'); // also the second row can be reached
  t.regex(await top.until(/ 2\/\d/), /\? help/);
  top.press('q');
  await top.until(/status=0/);
  await end(tmux);
});

test('LANG=C and NO_COLOR: letters and weight alone', async (t) => {
  const tmux = runTui(t, { LC_ALL: 'C', LANG: 'C', NO_COLOR: '1' });
  await tmux.until(/livev[\s\S]*keep_note/);
  t.notRegex(tmux.screen(), /[^\n -~]/);
  await end(tmux);
});
