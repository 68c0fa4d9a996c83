/** What `memtrace doctor --json` prints. A contract: fields may be added, never changed (proto/README.md). */

export const DOCTOR_SCHEMA = 'memtrace.doctor/1';

export interface Examination {
  readonly schema: typeof DOCTOR_SCHEMA;
  /** Path of the file that was found. */
  readonly program: string;
  /** By its kind of file; what else stands in the way is a finding of weight no. */
  readonly traced: boolean;
  readonly findings: readonly Finding[];
}

export interface Finding {
  /** Ok: as it should be. Note: traced, with a limit. No: not traced. */
  readonly weight: 'ok' | 'note' | 'no';
  readonly topic: string;
  readonly text: string;
  /** What to do about it; null where there is nothing to do. */
  readonly remedy: string | null;
}
