/**
 * `make bench`: what tracing costs, as ratios to the bare program in the same interleaved rounds, beside a peer.
 *
 *   node dist/bench/main.js [rounds] [name…]
 *
 * Four tables. Time of programs, and by depth of the stack:
 *   wall  elapsed time to the end of the report / elapsed time of the bare program
 *   ns    CPU time of all processes beyond the bare program's, per allocation; memtrace's has the making of its report in
 *         it, heaptrack's stands in a column of its own
 * the same time by the parts of memtrace that take it; and memory: what the program, the daemon and the symbolizer had resident at most in a first run, and how long after
 * the program's end the report was there, with its snapshot written.
 * A first run reads all names from debug information, later ones have most from earlier ones.
 * Medians over the rounds, of each run beside the bare ones just before and after it; in brackets the smallest of all
 * less the smallest bare one. Measure with nothing else running.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './median.js';
import { type Footprint, footprint } from './memory.js';
import { type Parts, partsOf } from './parts.js';
import {
  allocationsOf,
  bare,
  buildMeasure,
  type Cost,
  firstRun,
  measure,
  memtrace,
  type Tool,
  tools,
} from './tools.js';
import { depths, type Workload, workloads } from './workloads.js';

interface Measured extends Cost {
  /** The bare program just before and just after: a machine that becomes slower does so for both. */
  readonly beside: Cost;
}

/** @returns what each tool cost in each round, and all bare runs */
const measureAll = (workload: Workload, all: readonly Tool[], rounds: number) => {
  const costs = new Map<Tool, Measured[]>(all.map((tool) => [tool, []]));
  const alone = [measure(bare, workload)];
  for (let round = 0; round < rounds; round += 1)
    for (const [tool, list] of costs) {
      const before = alone[alone.length - 1];
      const cost = measure(tool, workload);
      const after = measure(bare, workload);
      alone.push(after);
      list.push({ ...cost, beside: between(before, after) });
    }
  return { costs, alone };
};

const between = (a: Cost, b: Cost): Cost => ({
  wallNs: (a.wallNs + b.wallNs) / 2,
  cpuNs: (a.cpuNs + b.cpuNs) / 2,
  reportedCpuNs: (a.reportedCpuNs + b.reportedCpuNs) / 2,
});

const benchOne = (workload: Workload, all: readonly Tool[], rounds: number): string => {
  const allocations = allocationsOf(workload);
  const { costs, alone } = measureAll(workload, all, rounds);
  const least = (list: readonly Cost[], what: keyof Cost) => Math.min(...list.map((cost) => cost[what]));

  const wall = (list: readonly Measured[]): string => {
    const ratio = median(list.map(({ wallNs, beside }) => wallNs / beside.wallNs));
    return `${ratio.toFixed(2)} (${(least(list, 'wallNs') / least(alone, 'wallNs')).toFixed(2)})`;
  };
  const cpu = (list: readonly Measured[], what: 'cpuNs' | 'reportedCpuNs'): string => {
    const extra = median(list.map((cost) => cost[what] - cost.beside.cpuNs));
    const smallest = least(list, what) - least(alone, 'cpuNs');
    return `${(extra / allocations).toFixed(0)} (${(smallest / allocations).toFixed(0)})`;
  };
  const cells = [...costs].flatMap(([tool, list]) => [
    wall(list),
    cpu(list, 'cpuNs'),
    ...(tool.report ? [cpu(list, 'reportedCpuNs')] : []),
  ]);
  const seconds = (median(alone.map(({ wallNs }) => wallNs)) / 1e9).toFixed(3);
  return `| ${[workload.name, (allocations / 1e6).toFixed(2), seconds, ...cells].join(' | ')} |`;
};

const timeTable = (all: readonly Tool[], chosen: readonly Workload[], rounds: number) => {
  if (chosen.length === 0) return;
  const columns = all.flatMap(({ name, report }) => [
    `${name} wall ×`,
    `${name} CPU ns/alloc`,
    ...(report ? ['with its report'] : []),
  ]);
  head(['workload', 'M allocs', 'bare s', ...columns]);
  for (const workload of chosen) console.log(benchOne(workload, all, rounds));
};

const partsTable = async (chosen: readonly Workload[], rounds: number) => {
  if (chosen.length === 0) return;
  head([
    'workload: CPU ns/alloc',
    'in the program',
    'drain core',
    'JavaScript',
    'V8’s threads',
    'symbolizer',
  ]);
  for (const workload of chosen) {
    const allocations = allocationsOf(workload);
    const alone: Parts[] = [];
    const traced: Parts[] = [];
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await partsOf(workload, bare));
      traced.push(await partsOf(workload, memtrace));
    }
    const of = (what: keyof Parts) =>
      median(traced.map((each, round) => each[what] - (alone[round]?.[what] ?? 0)));
    const cells = [of('program'), of('drain'), of('javascript'), of('helpers'), of('symbolizer')];
    console.log(
      `| ${[workload.name, ...cells.map((ms) => ((ms * 1e6) / allocations).toFixed(0))].join(' | ')} |`,
    );
  }
};

const memoryTable = async (chosen: readonly Workload[], rounds: number) => {
  if (chosen.length === 0) return;
  const times = ['report after ms: first run', 'later'];
  head(['workload', 'bare MiB', 'traced adds MiB', 'daemon MiB', 'symbolizer MiB', ...times]);
  for (const workload of chosen) {
    const alone: Footprint[] = [];
    const first: Footprint[] = [];
    const later: Footprint[] = [];
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await footprint(workload, bare));
      first.push(await footprint(workload, firstRun));
      later.push(await footprint(workload, memtrace));
    }
    const of = (list: readonly Footprint[], what: keyof Footprint) => median(list.map((each) => each[what]));
    const mib = (kib: number) => (kib / 1024).toFixed(1);
    const bareKiB = of(alone, 'programKiB');
    const cells = [
      mib(bareKiB),
      mib(of(first, 'programKiB') - bareKiB),
      mib(of(first, 'daemonKiB')),
      mib(of(first, 'symbolizerKiB')),
      of(first, 'reportMs').toFixed(0),
      of(later, 'reportMs').toFixed(0),
    ];
    console.log(`| ${[workload.name, ...cells].join(' | ')} |`);
  }
};

const head = (columns: readonly string[]) => {
  console.log(`\n| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}`);
};

const main = async () => {
  const rounds = Number(process.argv[2] ?? 5);
  const names = process.argv.slice(3);
  const chosen = (all: readonly Workload[]) =>
    all.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  try {
    buildMeasure();
    const programs = chosen(workloads(folder));
    timeTable(tools(), programs, rounds);
    const named = tools().filter((tool) => tool !== firstRun);
    timeTable(named, chosen(depths()), rounds);
    await partsTable(programs, rounds);
    await memoryTable(programs, rounds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

await main();
