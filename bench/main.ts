/**
 * `make bench`: what tracing costs, as ratios to the bare program in the same interleaved rounds, beside a peer.
 *
 *   node dist/bench/main.js [rounds] [name…]
 *
 * wall  elapsed time to the end of the report / elapsed time of the bare program
 * ns    CPU time of all processes beyond the bare program's, per allocation
 * Medians over the rounds; the smallest in brackets. Measure with nothing else running.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allocationsOf, bare, buildMeasure, type Cost, measure, type Tool, tools } from './tools.js';
import { type Workload, workloads } from './workloads.js';

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
};

const benchOne = (workload: Workload, all: readonly Tool[], rounds: number): string => {
  const allocations = allocationsOf(workload);
  const costs = new Map<Tool, Cost[]>(all.map((tool) => [tool, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [tool, list] of costs) list.push(measure(tool, workload));

  const of = (tool: Tool, what: keyof Cost, pick: (values: readonly number[]) => number) =>
    pick((costs.get(tool) ?? []).map((cost) => cost[what]));
  const least = (values: readonly number[]) => Math.min(...values);
  const cells = all
    .filter((tool) => tool !== bare)
    .flatMap((tool) => {
      const ratio = (pick: typeof median) => (of(tool, 'wallNs', pick) / of(bare, 'wallNs', pick)).toFixed(2);
      const ns = (pick: typeof median) =>
        ((of(tool, 'cpuNs', pick) - of(bare, 'cpuNs', pick)) / allocations).toFixed(0);
      return [`${ratio(median)} (${ratio(least)})`, `${ns(median)} (${ns(least)})`];
    });
  const seconds = (of(bare, 'wallNs', median) / 1e9).toFixed(3);
  return `| ${[workload.name, (allocations / 1e6).toFixed(2), seconds, ...cells].join(' | ')} |`;
};

const main = () => {
  const rounds = Number(process.argv[2] ?? 5);
  const names = process.argv.slice(3);
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  try {
    buildMeasure();
    const all = tools();
    const columns = all
      .filter((tool) => tool !== bare)
      .flatMap(({ name }) => [`${name} wall ×`, `${name} CPU ns/alloc`]);
    console.log(`| ${['workload', 'M allocs', 'bare s', ...columns].join(' | ')} |`);
    console.log(`|${'---|'.repeat(columns.length + 3)}`);
    for (const workload of workloads(folder))
      if (names.length === 0 || names.some((name) => workload.name.includes(name)))
        console.log(benchOne(workload, all, rounds));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

main();
