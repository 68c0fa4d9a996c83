/** The one column of what the program writes. Pure. */
import { type Column, name } from './column.js';

export const OUTPUT_NAMES: readonly Column[] = [
  name('what the program writes', 'end', (row) => (row.kind === 'text' ? row.text : '')),
];
