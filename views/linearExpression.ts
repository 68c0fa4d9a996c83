/**
 * Regular expressions whose time grows with the length of the text and no faster (RE2's, in JavaScript): a filter
 * comes from a client, and one of JavaScript's own that goes back and forth, /(a+)+$/, would hold the daemon and
 * with it the traced program. The price: neither back references nor looking around.
 *
 * Loaded when the first expression is made: most commands need none.
 */
import { createRequire } from 'node:module';

type Library = typeof import('re2js');

export type LinearExpression =
  | { readonly ok: true; readonly test: (text: string) => boolean }
  /** @param why half a sentence */
  | { readonly ok: false; readonly why: string };

let loaded: Library | undefined;

export const linearExpression = (source: string, letters: 'as written' | 'any case'): LinearExpression => {
  loaded ??= createRequire(import.meta.url)('re2js') as Library;
  const { RE2JS } = loaded;
  try {
    const expression = RE2JS.compile(source, letters === 'any case' ? RE2JS.CASE_INSENSITIVE : 0);
    return { ok: true, test: (text) => expression.matcher(text).find() };
  } catch (error) {
    return { ok: false, why: reasonOf(source, error) };
  }
};

/** What others have, and nothing linear can. */
const BACKWARDS = /\\[1-9]|\(\?<?[=!]/;

const reasonOf = (source: string, error: unknown): string => {
  if (BACKWARDS.test(source)) return 'back references and looking around (?=) are not possible';
  return error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
};
