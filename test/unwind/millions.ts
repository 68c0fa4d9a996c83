/**
 * Millions of stacks against two outside unwinders: too long for every test run, part of `make test-all`.
 *
 *   node dist/test/unwind/millions.js [millions of stacks against libgcc]
 *
 * Prints a table; exits with 1 when one stack differs.
 */
import {
  buildComparison,
  buildProgram,
  type Comparison,
  compare,
  type Outside,
  removeFolder,
} from './support.js';

const wanted = Number(process.argv[2] ?? 5) * 1e6;
const builds = [['-O2'], ['-O2', '-fno-omit-frame-pointer'], ['-O0'], ['-O3', '-fcf-protection']] as const;
const goals: readonly (readonly [Outside, number])[] = [
  ['libgcc', wanted],
  ['libunwind', wanted / 5],
];

let differences = 0;
console.log('| compared with | stacks | different | cut | walked afresh |\n|---|---|---|---|---|');
for (const [outside, stacks] of goals) {
  const preload = await buildComparison(outside, undefined, outside);
  const sum = { checked: 0, mismatches: 0, truncated: 0, afresh: 0 };
  for (let seed = 1; sum.checked < stacks; seed += 1)
    for (const flags of builds) {
      const program = await buildProgram('random_calls', ...flags);
      const found: Comparison = await compare(preload, [program, String(seed), '60', '2']);
      for (const key of ['checked', 'mismatches', 'truncated', 'afresh'] as const) sum[key] += found[key];
    }
  differences += sum.mismatches;
  console.log(`| ${[outside, sum.checked, sum.mismatches, sum.truncated, sum.afresh].join(' | ')} |`);
}
removeFolder();
process.exitCode = differences === 0 ? 0 : 1;
