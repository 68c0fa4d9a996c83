/** What the rest of the daemon says to the symbolizer, and what it gets back. */

export interface SymbolFrame {
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly inlined: boolean;
}

export interface ModuleRef {
  readonly path: string;
  /** hex of the GNU build-id of the mapped file */
  readonly buildId: string | null;
  /** pid of a process that maps it, to reach it through /proc/PID/root or map_files */
  readonly pid: number | null;
}

export interface ModuleProblem {
  /** debugInfo: nothing is wrong, its names or lines are just not there. */
  readonly kind: 'debugInfo' | 'file';
  readonly path: string;
  readonly problem: string;
  readonly remedy: string | null;
}

export interface Symbolizer {
  /**
   * Called when a module is first seen: opens and HOLDS the file (the process may exit, the file may be
   * replaced or deleted). Never throws.
   */
  hold(module: ModuleRef): void;
  /**
   * Same order as the addresses; frames innermost first, the last one is the physical function, all earlier ones
   * have `inlined: true`. Unknown: []. Never rejects.
   *
   * @param addresses link-time virtual ones (pc - load bias), ALREADY minus one for return addresses
   */
  lookup(module: ModuleRef, addresses: readonly number[]): Promise<readonly (readonly SymbolFrame[])[]>;
  /** Modules whose names are missing, and why. */
  problems(): ModuleProblem[];
  close(): Promise<void>;
}
