/** Small checks that turn an unknown value into a typed one; a fault names the field. For parseMessages.ts. */

import { describe } from './describe.js';

/** @throws Malformed */
export type Check<T> = (value: unknown, path: string) => T;
type Checked<C> = C extends Check<infer T> ? T : never;

export class Malformed extends Error {}

const refuse = (what: string, value: unknown, path: string): never => {
  throw new Malformed(`${path} is not ${what}, but ${describe(value)}`);
};

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const text: Check<string> = (value, path) =>
  typeof value === 'string' ? value : refuse('a text', value, path);

export const flag: Check<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse('true or false', value, path);

export const number: Check<number> = (value, path) =>
  typeof value === 'number' ? value : refuse('a number', value, path);

/** A whole number of at least 0, also one that is rounded: address space reserved again and again adds up to much. */
export const count: Check<number> = (value, path) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : refuse('a count', value, path);

export const between =
  (least: number, most: number): Check<number> =>
  (value, path) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
      ? value
      : refuse(`a whole number from ${least} to ${most}`, value, path);

export const oneOf =
  <const T extends string | number>(choices: readonly T[]): Check<T> =>
  (value, path) =>
    choices.find((choice) => choice === value) ?? refuse(`one of ${choices.join(', ')}`, value, path);

/**
 * The first check that accepts decides.
 *
 * @param what both of them together: "a count, main or all"
 */
export const either =
  <A, B>(first: Check<A>, second: Check<B>, what: string): Check<A | B> =>
  (value, path) => {
    for (const check of [first, second]) {
      try {
        return check(value, path);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
      }
    }
    return refuse(what, value, path);
  };

export const orNull =
  <T>(check: Check<T>): Check<T | null> =>
  (value, path) =>
    value === null ? null : check(value, path);

export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);

export const list =
  <T>(check: Check<T>): Check<readonly T[]> =>
  (value, path) =>
    Array.isArray(value)
      ? value.map((each, at) => check(each, `${path}[${at}]`))
      : refuse('a list', value, path);

type Fields = Readonly<Record<string, Check<unknown>>>;

/** Fields that are not named are dropped: a later version may send them. */
export const record =
  <F extends Fields>(fields: F): Check<{ readonly [Name in keyof F]: Checked<F[Name]> }> =>
  (value, path) => {
    if (!isRecord(value)) return refuse('an object', value, path);
    const checked: Record<string, unknown> = {};
    for (const [name, check] of Object.entries(fields)) {
      const field = check(Object.hasOwn(value, name) ? value[name] : undefined, join(path, name));
      if (field !== undefined) checked[name] = field;
    }
    return checked as { readonly [Name in keyof F]: Checked<F[Name]> };
  };

export const anything: Check<unknown> = (value) => value;

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
