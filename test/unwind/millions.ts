/**
 * Millions of stacks against two outside unwinders: too long for every test run, part of `make test-all`.
 *
 *   node dist/test/unwind/millions.js [millions of stacks of the random call graph against libgcc]
 *
 * Prints a table, a line per program; exits with 1 when one stack differs.
 */

import { isInstalled } from '../installed.js';
import { realPrograms } from './programs.js';
import {
  buildComparison,
  buildLazy,
  buildProgram,
  type Comparison,
  compare,
  nothingCompared,
  type Outside,
  removeFolder,
  sumOf,
} from './support.js';

const wanted = Number(process.argv[2] ?? 5) * 1e6;
const builds = [['-O2'], ['-O2', '-fno-omit-frame-pointer'], ['-O0'], ['-O3', '-fcf-protection']] as const;

let all = nothingCompared;
const row = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
const show = (program: string, outside: Outside, found: Comparison): void => {
  all = sumOf(all, found);
  const counts = [found.checked, found.mismatches, found.truncated, found.afresh, found.further];
  row([program, outside, ...counts.map((count) => count.toLocaleString('en'))]);
};

row(['program', 'compared with', 'stacks', 'different', 'cut', 'walked afresh', 'walked further']);
row(['---', '---', ...Array<string>(5).fill('---:')]);
const goals: readonly (readonly [Outside, number])[] = [
  ['libgcc', wanted],
  ['libunwind', wanted / 5],
];
for (const [outside, stacks] of goals) {
  const preload = await buildComparison(outside, undefined, outside);
  let found = nothingCompared;
  for (let seed = 1; found.checked < stacks; seed += 1)
    for (const flags of builds) {
      const program = await buildProgram('random_calls', ...flags);
      found = sumOf(found, await compare(preload, [program, String(seed), '60', '2']));
    }
  show('random call graph', outside, found);
}

const preload = await buildComparison('programs');
const lazy = await buildLazy('-O2');
show('lazy binding', 'libgcc', await compare(preload, [lazy.program], lazy.env));
show(
  'interrupted anywhere',
  'libgcc',
  await compare(preload, [await buildProgram('interrupted', '-O2'), '5000']),
);
for (const { name, needs, command, env } of realPrograms) {
  if (isInstalled(needs)) show(name, 'libgcc', await compare(preload, command(), env));
  else console.log(`| ${name} | not compared: ${needs} is not installed |`);
}

removeFolder();
process.exitCode = all.mismatches === 0 ? 0 : 1;
