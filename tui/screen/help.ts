/**
 * The keys and what the figures mean, as `?` shows them, and the keys that the last line reminds of. Pure;
 * terminal/keys.ts binds them.
 */
import type { Place } from '../state.js';
import { fitParts, type Line, span, spread } from './cells.js';

type Keys = readonly (readonly [keys: string, does: string])[];

const KEYS: Keys = [
  ['1-9 Tab Shift-Tab', 'the views; the last is what the program writes (run --tui)'],
  ['T P', 'the views of threads, of processes'],
  ['j k ^d ^u g G', 'move; also arrows, PgUp PgDn ^B ^F Home End, the mouse'],
  ['/ n N', 'search, the next and the one before'],
  ['f \\', 'filter: text /re/ !not size>1m module:libfoo lang:python thread:main'],
  ['while typing', 'arrows ^A ^E ^W ^U ^K as in a shell; Up Down: typed before'],
  ['s < > b c r I', 'sort: next, before, bytes, blocks, rate; I inverts'],
  ['m d', 'mark now; d shows what has grown since'],
  ['F ^R', 'follow the row also at the top; a peak from now on'],
  ['Enter', 'into a line, a process; + - * around a line'],
  ['t + = - *', 'the tree of stacks, turned round; open, close, all below'],
  ['e y', '$EDITOR at the line; copy file:line'],
  ['S', 'write a snapshot into the current folder'],
  ['space p z [ ]', 'hold the display; faster, slower'],
  ['Esc ^L ^Z', 'back; draw anew; suspend'],
  ['q ^C', 'leave; the program runs on unless you end it'],
  ['? h', 'help; F1 is ?, F3 /, F4 f, F5 t, F10 q, Right +, Left -'],
];

const WORDS: Keys = [
  ['live peak total', 'not freed yet; alive at the peak of the process; all that was allocated'],
  ['temporary temp %', 'blocks freed by their thread before that made another one'],
  ['self recently', 'what a function allocates itself; how live went of late'],
  ['RSS, not heap', 'what the kernel gave the process; what of it the heap does not explain'],
  ['mapped', 'what the program mapped directly, beside the heap'],
  ['lost unknown', 'events that were not recorded; frees of blocks never seen allocated'],
  ['truncated', 'stacks that were cut short'],
  ['memtrace', 'what memtrace itself takes, outside the program'],
  ['the plot', 'what was live since the start, RSS above it'],
];

const NOTES: readonly string[] = ['Sizes are requested bytes. Faint rows are not your own code.'];

/** Below this what a key does stands under it. */
const TWO_COLUMNS_FROM = 60;
const INDENT = '   ';

/** Without its title; as many lines as it takes for nothing to be cut. */
export const helpLines = (columns: number): readonly Line[] => {
  const longest = Math.max(...[...KEYS, ...WORDS].map(([keys]) => keys.length));
  const isNarrow = columns < TWO_COLUMNS_FROM;
  const keyLines = ([keys, does]: Keys[number]): readonly Line[] => {
    if (isNarrow)
      return [
        [span(` ${keys}`, 'strong')],
        ...wrapped(does, columns - INDENT.length).map((text) => [span(`${INDENT}${text}`)]),
      ];
    return besideEachOther(` ${keys.padEnd(longest)}  `, does, columns);
  };
  return [
    ...KEYS.flatMap(keyLines),
    [span('What the figures mean', 'heading')],
    ...WORDS.flatMap(keyLines),
    ...NOTES.flatMap((note) => wrapped(note, columns - 1)).map((text) => [span(` ${text}`, 'faint')]),
  ];
};

/** The help from its line `top` on, with a title that says whether there is more. */
export const helpBody = (columns: number, rows: number, top: number): readonly Line[] => {
  const lines = helpLines(columns);
  const last = Math.min(lines.length, top + rows);
  const where = lines.length > rows ? [span(`lines ${top + 1} to ${last} of ${lines.length}`, 'faint')] : [];
  return [spread([span('Keys', 'heading')], where, columns), ...lines.slice(top, last)];
};

const besideEachOther = (keys: string, does: string, columns: number): readonly Line[] => {
  const [first = '', ...rest] = wrapped(does, columns - keys.length);
  const margin = ' '.repeat(keys.length);
  return [[span(keys, 'strong'), span(first)], ...rest.map((text) => [span(`${margin}${text}`)])];
};

/** At spaces; a longer word is cut by whoever draws it. */
const wrapped = (text: string, columns: number): readonly string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
};

const LEAVING: Keys = [
  ['k', 'keep it running, traced; its output goes on here'],
  ['s', 'stop tracing; it runs on untouched'],
  ['e', 'end it (SIGTERM)'],
  ['Esc', 'stay here'],
];

export const leaveLines = (columns: number): readonly Line[] => [
  [span('Leaving: what about the program?', 'heading')],
  ...LEAVING.flatMap(([key, does]) => besideEachOther(`  ${key.padEnd(3)}  `, does, columns)),
];

const GENERAL: Keys = [
  ['?', 'help'],
  ['q', 'quit'],
  ['/', 'search'],
  ['f', 'filter'],
  ['s', 'sort'],
  ['m', 'mark'],
  ['d', 'diff'],
  ['Enter', 'open'],
  ['Tab', 'view'],
  ['space', 'hold'],
];
const OF_PLACE: Readonly<Partial<Record<Place, Keys>>> = {
  stacks: [
    ['?', 'help'],
    ['q', 'quit'],
    ['t', 'turn round'],
    ['+ - *', 'open, close, all'],
    ['/', 'search'],
    ['f', 'filter'],
    ['e', 'editor'],
  ],
  output: [
    ['?', 'help'],
    ['q', 'quit'],
    ['/', 'search'],
    ['f', 'filter'],
    ['G', 'newest'],
    ['g', 'oldest'],
    ['Tab', 'view'],
  ],
  detail: [
    ['Esc', 'back'],
    ['+ - *', 'more, less, all'],
    ['e', 'editor'],
    ['y', 'copy'],
    ['/', 'search'],
    ['?', 'help'],
  ],
};

const OF_HELP: Keys = [
  ['Esc', 'back'],
  ['j k PgUp PgDn', 'scroll'],
  ['g G', 'first, last line'],
];

export const reminderLine = (where: Place | 'help', columns: number): Line =>
  fitParts(
    (where === 'help' ? OF_HELP : (OF_PLACE[where] ?? GENERAL)).map(([key, does], priority) => ({
      spans: [span(key, 'strong'), span(` ${does}`, 'faint')],
      priority,
    })),
    columns,
    '  ',
  );
