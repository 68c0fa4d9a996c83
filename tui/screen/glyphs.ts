/** The signs of a screen, in Unicode and in ASCII where the locale has no better. */
export type Glyphs = 'unicode' | 'ascii';

export interface Marks {
  readonly ellipsis: string;
  readonly descending: string;
  readonly ascending: string;
  /** Of a node of the tree. */
  readonly open: string;
  readonly closed: string;
  readonly leaf: string;
  /** From empty to full. */
  readonly steps: string;
  /** The resident set, above the heap. */
  readonly resident: string;
  /** The parts of a bar. */
  readonly full: string;
  readonly eighths: string;
  /** Before the line that was chosen. */
  readonly here: string;
}

export const MARKS: Readonly<Record<Glyphs, Marks>> = {
  unicode: {
    ellipsis: '…',
    descending: '▼',
    ascending: '▲',
    open: '▾',
    closed: '▸',
    leaf: '·',
    steps: ' ▁▂▃▄▅▆▇█',
    resident: '┈',
    full: '█',
    eighths: ' ▏▎▍▌▋▊▉',
    here: '▶',
  },
  ascii: {
    ellipsis: '...',
    descending: 'v',
    ascending: '^',
    open: '-',
    closed: '+',
    leaf: ' ',
    steps: ' .:-=+*#@',
    resident: '~',
    full: '#',
    eighths: '',
    here: '>',
  },
};

/** A bar of exactly so many columns, filled by this share. */
export const barText = (share: number, columns: number, { full, eighths }: Marks): string => {
  const parts = Math.max(0, Math.min(1, share)) * columns;
  const whole = Math.floor(parts);
  const rest = eighths.charAt(Math.floor((parts - whole) * eighths.length)).trim();
  return `${full.repeat(whole)}${rest}`.padEnd(columns);
};

/** How values went, from the least to the most of them. */
export const sparkText = (values: readonly number[], columns: number, { steps }: Marks): string => {
  const least = Math.min(...values);
  const span = Math.max(...values) - least;
  const top = steps.length - 2;
  return values
    .slice(-columns)
    .map((value) => steps.charAt(1 + (span > 0 ? Math.round(((value - least) / span) * top) : 0)))
    .join('')
    .padStart(columns);
};
