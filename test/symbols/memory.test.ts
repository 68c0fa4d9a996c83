/** What the symbolizer has in memory: little, whatever it is asked. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openSymbolizer } from '../../daemon/symbols/symbolizer.js';
import { childrenOf, commandOf } from '../processes.js';
import { build, functionAddresses, moduleRef, namesAt, run, temporaryFolder } from './support.js';

const open = (t: ExecutionContext) => {
  const symbolizer = openSymbolizer({ env: process.env });
  t.teardown(() => symbolizer.close());
  return symbolizer;
};

/** Of /proc/PID of the only symbolizer that this process has. */
const fileOfSymbolizer = (name: string): string => {
  const pid = childrenOf(process.pid).find((child) => commandOf(child)[0]?.endsWith('memtrace-symbolizer'));
  return readFileSync(`/proc/${pid}/${name}`, 'utf8');
};

const UNITS = 12;
const LINES = 110_000;

/** A program of UNITS files, unit3.s and so on, with a function each; every line is an instruction of one byte. */
const longProgram = (folder: string): string => {
  const sources = Array.from({ length: UNITS }, (_, unit) => {
    const head = `${unit === 0 ? '.globl main; main:' : ''}unit${unit}: `;
    writeFileSync(join(folder, `unit${unit}.s`), `${head}${'nop\n'.repeat(LINES)}`);
    return join(folder, `unit${unit}.s`);
  });
  const program = join(folder, 'long');
  run('gcc', '-g', '-Wa,--noexecstack', ...sources, '-o', program);
  return program;
};

test.serial(
  'a program with very long tables of lines has all its lines, and the tables are not kept',
  async (t) => {
    const program = longProgram(temporaryFolder(t));
    const starts = functionAddresses(program);
    const symbolizer = open(t);
    for (const line of [1, LINES / 2, LINES])
      for (let unit = 0; unit < UNITS; unit += 1) {
        const address = (starts.get(`unit${unit}`) ?? 0) + line - 1;
        const [[frame] = []] = await symbolizer.lookup(moduleRef(program), [address]);
        t.is(`${frame?.file?.split('/').at(-1)}:${frame?.line}`, `unit${unit}.s:${line}`);
      }
    const resident = Number(/VmRSS:\s+(\d+)/.exec(fileOfSymbolizer('status'))?.[1]) / 1024;
    t.true(resident < 40, `${resident} MiB; all tables at once take over 50`);
  },
);

test.serial('for a program without debug information no library for the network is loaded', async (t) => {
  const program = build(temporaryFolder(t), 'plain.c', '-g0');
  const main = functionAddresses(program).get('main') ?? 0;
  t.deepEqual(await namesAt(open(t), moduleRef(program), [main]), ['main']);
  t.deepEqual(fileOfSymbolizer('maps').match(/libdebuginfod|libcurl/g), null);
});
