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
 * Medians over the rounds; the smallest in brackets. Measure with nothing else running.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

type Pick = (values: readonly number[]) => number;

const median: Pick = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
};

const benchOne = (workload: Workload, all: readonly Tool[], rounds: number): string => {
  const allocations = allocationsOf(workload);
  const costs = new Map<Tool, Cost[]>(all.map((tool) => [tool, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [tool, list] of costs) list.push(measure(tool, workload));

  const of = (tool: Tool, what: keyof Cost, pick: Pick) =>
    pick((costs.get(tool) ?? []).map((cost) => cost[what]));
  const least: Pick = (values) => Math.min(...values);
  const both = (figure: (pick: Pick) => string) => `${figure(median)} (${figure(least)})`;
  const wall = (tool: Tool) =>
    both((pick) => (of(tool, 'wallNs', pick) / of(bare, 'wallNs', pick)).toFixed(2));
  const cpu = (tool: Tool, what: 'cpuNs' | 'reportedCpuNs') =>
    both((pick) => ((of(tool, what, pick) - of(bare, 'cpuNs', pick)) / allocations).toFixed(0));
  const cells = all
    .filter((tool) => tool !== bare)
    .flatMap((tool) => [
      wall(tool),
      cpu(tool, 'cpuNs'),
      ...(tool.report ? [cpu(tool, 'reportedCpuNs')] : []),
    ]);
  const seconds = (of(bare, 'wallNs', median) / 1e9).toFixed(3);
  return `| ${[workload.name, (allocations / 1e6).toFixed(2), seconds, ...cells].join(' | ')} |`;
};

const timeTable = (all: readonly Tool[], chosen: readonly Workload[], rounds: number) => {
  if (chosen.length === 0) return;
  const columns = all
    .filter((tool) => tool !== bare)
    .flatMap(({ name, report }) => [
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
