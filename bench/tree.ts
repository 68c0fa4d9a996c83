/**
 * `node dist/bench/tree.js [rounds]`: what each process of a tree costs, by shells that start one after the other: a
 * build, a configure script. One table.
 *
 * Interleaved rounds, medians. The snapshots of the 64 largest processes, written at the end, are in the figures.
 * Measure with nothing else running.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './median.js';
import { bare, buildMeasure, type Cost, measure, memtrace } from './tools.js';
import type { Workload } from './workloads.js';

interface Loop {
  readonly name: string;
  readonly times: number;
  readonly body: string;
}

const loops = (folder: string): readonly Loop[] => {
  const source = join(folder, 'empty.c');
  writeFileSync(source, 'int main(void) { return 0; }\n');
  const compile = { name: 'gcc -c: 3 programs', times: 100, body: `gcc -c ${source} -o ${folder}/empty.o` };
  return [
    { name: 'subshell: (:)', times: 2000, body: '(:)' },
    { name: 'program: expr 1 + 1', times: 600, body: 'expr 1 + 1' },
    ...(spawnSync('gcc', ['--version']).status === 0 ? [compile] : []),
  ];
};

const workloadOf = ({ name, body, times }: Loop): Workload => ({
  name,
  command: ['bash', '-c', `for ((i = 0; i < ${times}; i++)); do ${body}; done`],
});

const row = (loop: Loop, rounds: number): string => {
  const workload = workloadOf(loop);
  const alone: Cost[] = [];
  const traced: Cost[] = [];
  for (let round = 0; round < rounds; round += 1) {
    alone.push(measure(bare, workload));
    traced.push(measure(memtrace, workload));
  }
  const msEach = (costs: readonly Cost[], what: 'wallNs' | 'cpuNs') =>
    median(costs.map((cost) => cost[what])) / 1e6 / loop.times;
  const cells = [
    loop.name,
    String(loop.times),
    msEach(alone, 'wallNs').toFixed(2),
    msEach(traced, 'wallNs').toFixed(2),
    msEach(alone, 'cpuNs').toFixed(2),
    msEach(traced, 'cpuNs').toFixed(2),
  ];
  return `| ${cells.join(' | ')} |`;
};

const main = () => {
  const rounds = Number(process.argv[2] ?? 3);
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  try {
    buildMeasure();
    console.log('\n| in a shell | times | bare ms | traced ms | bare CPU ms | traced CPU ms |');
    console.log(`|${'---|'.repeat(6)}`);
    for (const loop of loops(folder)) console.log(row(loop, rounds));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

main();
