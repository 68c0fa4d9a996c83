/** Documents with rows as JSON, in portions: all of a million rows are longer than a string can be (512 MiB). Pure. */

const ROWS_IN_PORTION = 1000;
const NO_ROWS = '\n  "rows": []';

/** @returns what JSON.stringify(document, null, 2) is, and the end of its last line */
export function* jsonText(document: { readonly rows: readonly unknown[] }): Iterable<string> {
  const { rows } = document;
  const text = JSON.stringify({ ...document, rows: [] }, null, 2);
  if (rows.length === 0) return yield `${text}\n`;
  const at = text.indexOf(NO_ROWS) + NO_ROWS.length - 1;
  yield text.slice(0, at);
  for (let from = 0; from < rows.length; from += ROWS_IN_PORTION) {
    const portion = rows.slice(from, from + ROWS_IN_PORTION).map(rowText);
    yield `${from > 0 ? ',' : ''}${portion.join()}`;
  }
  yield `\n  ${text.slice(at)}\n`;
}

const rowText = (row: unknown): string => `\n    ${JSON.stringify(row, null, 2).replaceAll('\n', '\n    ')}`;
