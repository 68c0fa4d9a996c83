/**
 * Names for addresses: holds the files that traced processes map, asks the symbolizer child in batches, and
 * remembers every answer by file identity and address, on disk too.
 */
import { closeSync } from 'node:fs';
import { installedFile } from '../installed.js';
import type { Reply, SymbolizerChild } from './child.js';
import { type Holding, holdFile } from './heldFile.js';
import type { ModuleProblem, ModuleRef, SymbolFrame, Symbolizer } from './model.js';
import { type Lesson, openNameCache } from './nameCache.js';
import type { NamedFile } from './origin.js';
import { isVdso, problemOf } from './problem.js';
import type { ModuleDefinition, ModuleStatus } from './protocol.js';

export type { ModuleProblem, ModuleRef, SymbolFrame, Symbolizer } from './model.js';

/** Small enough that a live view's question is not kept waiting long by a report's. */
const batchAddresses = 256;
const deathsMax = 2;
const NO_FRAMES: readonly SymbolFrame[] = [];

/** A file, whatever paths and processes it was seen in. */
interface Module {
  readonly number: number;
  readonly ref: ModuleRef;
  holding: Holding | null;
  readonly frames: Map<number, readonly SymbolFrame[]>;
  /** addresses under way, and the batch that will bring them */
  readonly asked: Map<number, Promise<void>>;
  /** the names of earlier runs were looked for */
  recalled: boolean;
  /** addresses that were answered in this one */
  learned: number;
  /** as the symbolizer last said, or an earlier run remembered */
  status: ModuleStatus | null;
  /** addresses that are not to be remembered: they stayed without an answer, or the file was in another state then */
  readonly passing: Set<number>;
  /** in a row */
  deaths: number;
  fatal: string | null;
}

/** @param options.cache a folder for names that outlive the process, see nameCache.ts; none without it */
export const openSymbolizer = (
  options: { binary?: string; env?: NodeJS.ProcessEnv; cache?: string | null } = {},
): Symbolizer => {
  const binary = options.binary ?? installedFile('build/memtrace-symbolizer');
  const env = options.env ?? process.env;
  let child: Promise<SymbolizerChild> | null = null;
  const cache = options.cache ? openNameCache(options.cache, { binary, env }) : null;
  const modules: Module[] = [];
  const byKey = new Map<string, Module>();
  let unstartable: string | null = null;
  let closed = false;

  /** Most runs of a program know all names from an earlier one, and do without even the code. */
  const childOf = (): Promise<SymbolizerChild> => {
    child ??= import('./child.js').then(({ symbolizerChild }) =>
      symbolizerChild(binary, childEnvironment(env)),
    );
    return child;
  };

  const add = (ref: ModuleRef, holding: Holding | null): Module => {
    const module: Module = {
      number: modules.length,
      ref,
      holding,
      frames: new Map(),
      asked: new Map(),
      recalled: false,
      learned: 0,
      status: null,
      passing: new Set(),
      deaths: 0,
      fatal: null,
    };
    modules.push(module);
    return module;
  };

  /** The module of a reference, opened when it is first seen. */
  const moduleOf = (ref: ModuleRef): Module => {
    const key = ref.buildId ?? `${ref.pid ?? ''} ${ref.path}`;
    const known = byKey.get(key);
    if (known) return known;
    const holding = isVdso(ref.path) || closed ? null : holdFile(ref);
    const module = sharedModule(ref, holding) ?? add(ref, holding);
    byKey.set(key, module);
    return module;
  };

  /** Without a build-id the same file seen from two processes is recognized by its inode. */
  const sharedModule = (ref: ModuleRef, holding: Holding | null): Module | null => {
    if (ref.buildId !== null || holding?.kind !== 'held') return null;
    const { fd, identity } = holding.file;
    const key = `file ${identity}`;
    const known = byKey.get(key);
    if (known) closeSync(fd);
    const module = known ?? add(ref, holding);
    byKey.set(key, module);
    return module;
  };

  /** A module that could not be reached may be reachable through another process. */
  const hold = (ref: ModuleRef): void => {
    const module = moduleOf(ref);
    if (closed || module.holding === null || module.holding.kind === 'held' || module.status !== null) return;
    if (module.ref.pid !== ref.pid || module.ref.path !== ref.path) module.holding = holdFile(ref);
  };

  const settle = (module: Module, addresses: readonly number[], reply: Reply): void => {
    if (reply.kind === 'unstartable') unstartable = reply.why;
    if (reply.kind === 'answer') {
      module.learned += addresses.length;
      module.deaths = 0;
      if (reply.answer.status) noteStatus(module, reply.answer.status);
    }
    const frames = reply.kind === 'answer' ? reply.answer.frames : [];
    addresses.forEach((address, i) => {
      module.frames.set(address, frames[i] ?? []);
      module.asked.delete(address);
      if (!frames[i]) module.passing.add(address);
    });
  };

  /** The symbolizer tells it each time that it opens the file: it may have gone, come, or not fit into memory. */
  const noteStatus = (module: Module, status: ModuleStatus): void => {
    if (
      module.status &&
      (module.status.state !== status.state || isLasting(module.status) !== isLasting(status))
    )
      for (const address of module.frames.keys()) module.passing.add(address);
    module.status = status;
  };

  /** What earlier runs learned of it, once. */
  const recall = (module: Module): void => {
    if (module.recalled || module.holding?.kind !== 'held') return;
    module.recalled = true;
    const known = cache?.load(fileOf(module.ref, module.holding));
    if (!known) return;
    known.addresses.forEach((address, i) => {
      module.frames.set(address, known.answer.frames[i] ?? []);
    });
    module.status = known.answer.status;
  };

  const lesson = (module: Module): Lesson | null => {
    const { ref, holding, learned, passing, fatal, status, frames } = module;
    if (holding?.kind !== 'held' || learned === 0 || fatal !== null || !status || !isLasting(status))
      return null;
    const known = [...frames].filter(([address]) => !passing.has(address));
    const addresses = known.map(([address]) => address);
    return {
      file: fileOf(ref, holding),
      names: { addresses, answer: { frames: known.map(([, each]) => each), status } },
    };
  };

  const ask = async (module: Module, addresses: readonly number[]): Promise<void> => {
    const stillWanted = (): boolean => module.fatal === null;
    const question = { number: module.number, module: definitionOf(module), addresses, stillWanted };
    for (;;) {
      const reply: Reply = closed ? { kind: 'dropped' } : await (await childOf()).ask(question);
      if (reply.kind !== 'died') {
        settle(module, addresses, reply);
        return;
      }
      module.deaths++;
      if (module.deaths >= deathsMax) module.fatal = reply.how;
    }
  };

  /** Of the addresses those without an answer, once each; neighbours share a unit. */
  const missingIn = (module: Module, addresses: readonly number[]): readonly number[] => {
    const { frames } = module;
    const missing = new Set<number>();
    for (const address of addresses)
      if (!frames.has(address) && Number.isSafeInteger(address) && address >= 0) missing.add(address);
    return [...missing].sort((a, b) => a - b);
  };

  /** Starts batches for what is not under way; returns all that must be awaited. */
  const request = (module: Module, missing: readonly number[]): ReadonlySet<Promise<void>> => {
    const awaited = new Set<Promise<void>>();
    const fresh: number[] = [];
    for (const address of missing) {
      const underWay = module.asked.get(address);
      if (underWay) awaited.add(underWay);
      else fresh.push(address);
    }
    for (let i = 0; i < fresh.length; i += batchAddresses) {
      const batch = fresh.slice(i, i + batchAddresses);
      const answered = ask(module, batch);
      for (const address of batch) module.asked.set(address, answered);
      awaited.add(answered);
    }
    return awaited;
  };

  const lookup: Symbolizer['lookup'] = async (ref, addresses) => {
    const module = moduleOf(ref);
    recall(module);
    const known = addresses.map((address) => module.frames.get(address));
    if (areAll(known)) return known;
    await Promise.all(request(module, missingIn(module, addresses)));
    return addresses.map((address) => module.frames.get(address) ?? NO_FRAMES);
  };

  return {
    hold,
    lookup,
    problems: () => {
      const start: ModuleProblem[] =
        unstartable === null
          ? []
          : [
              {
                kind: 'file',
                path: binary,
                problem: `the symbolizer cannot be started, so nothing has a name: ${unstartable}`,
                remedy: 'apt-get install libdw1 libelf1',
              },
            ];
      const each = modules.map((module) =>
        problemOf({ ...module, path: module.ref.path, buildId: module.ref.buildId }),
      );
      return [...start, ...each.filter((problem) => problem !== null)];
    },
    close: async () => {
      closed = true;
      await (await child)?.close();
      cache?.save(modules.map(lesson).filter((each) => each !== null));
      for (const module of modules) {
        if (module.holding?.kind === 'held') closeSync(module.holding.file.fd);
        module.holding = null;
      }
    },
  };
};

const areAll = <T>(items: readonly (T | undefined)[]): items is readonly T[] => !items.includes(undefined);

/**
 * What cannot be otherwise next time while no file has changed: memory may be back, or a libdw that reads more, or the
 * rest of debug information that stands in several files.
 */
const isLasting = ({ state, detail }: ModuleStatus): boolean =>
  state === 'lines' ? detail === '' : state === 'symbols' || state === 'exports' || state === 'stripped';

const fileOf = ({ path, buildId }: ModuleRef, { file }: Holding & { readonly kind: 'held' }): NamedFile => ({
  identity: file.identity,
  path,
  buildId,
});

const definitionOf = ({ ref, holding }: Module): ModuleDefinition => {
  const name = ref.path.replace(/ \(deleted\)$/, '');
  if (holding?.kind === 'held')
    return { buildId: ref.buildId, source: `/proc/${process.pid}/fd/${holding.file.fd}`, name };
  // Not held (no descriptors left, say): the path will do where the child can check the build-id.
  return { buildId: ref.buildId, source: ref.buildId === null ? null : name, name };
};

/** Our own tracing must not reach into the child, and the network must not be asked. */
const childEnvironment = ({
  LD_PRELOAD: _,
  DEBUGINFOD_URLS: __,
  ...rest
}: NodeJS.ProcessEnv): NodeJS.ProcessEnv => rest;
