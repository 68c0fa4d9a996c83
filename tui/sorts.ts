/** The order in which `s` goes through the columns. */
import type { SortKey } from '../proto/messages.js';

export const SORTS: readonly SortKey[] = ['live', 'growth', 'blocks', 'peak', 'total', 'rate', 'temporary'];
