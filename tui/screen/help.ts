/** The keys, as `?` shows them and as the last line reminds of them. Pure; terminal/keys.ts binds them. */
import type { Place } from '../state.js';
import { fitParts, type Line, span } from './cells.js';

type Keys = readonly (readonly [keys: string, does: string])[];

const KEYS: Keys = [
  ['1-9 Tab Shift-Tab', 'the views; the last is what the program writes (run --tui)'],
  ['j k ^d ^u g G', 'move; also arrows, PgUp PgDn Home End, the mouse'],
  ['/ n N', 'search, the next and the one before'],
  ['f', 'filter: text /re/ !not size>1m module:libfoo lang:python'],
  ['s < > b c r I', 'sort: next, before, bytes, blocks, rate; I inverts'],
  ['m d', 'mark now; d shows what has grown since'],
  ['F ^R', 'follow the row also at the top; a peak from now on'],
  ['Enter', 'into a line, a process; + - * around a line'],
  ['t + - *', 'the tree of stacks, turned round; open, close, all below'],
  ['e y', '$EDITOR at the line; copy file:line'],
  ['S', 'write a snapshot into the current folder'],
  ['space [ ]', 'hold the display; faster, slower'],
  ['Esc ^L ^Z', 'back; draw anew; suspend'],
  ['q ^C', 'leave; the program runs on unless you end it'],
];

const NOTES: readonly string[] = [
  'live: not freed yet. peak: alive at the peak of the whole process.',
  'temporary: freed by its thread before that made another block.',
  'Sizes are requested bytes. Faint rows are not your own code.',
];

export const helpLines = (): readonly Line[] => {
  const longest = Math.max(...KEYS.map(([keys]) => keys.length));
  return [
    [span('Keys', 'heading')],
    ...KEYS.map(([keys, does]) => [span(` ${keys.padEnd(longest)}  `, 'strong'), span(does)]),
    ...NOTES.map((note) => [span(` ${note}`, 'faint')]),
  ];
};

const LEAVING: Keys = [
  ['k', 'keep it running, traced; its output goes on here'],
  ['s', 'stop tracing; it runs on untouched'],
  ['e', 'end it (SIGTERM)'],
  ['Esc', 'stay here'],
];

export const leaveLines = (): readonly Line[] => [
  [span('Leaving: what about the program?', 'heading')],
  ...LEAVING.map(([key, does]) => [span(`  ${key.padEnd(3)}  `, 'strong'), span(does)]),
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
  detail: [
    ['Esc', 'back'],
    ['+ - *', 'more, less, all'],
    ['e', 'editor'],
    ['y', 'copy'],
    ['/', 'search'],
    ['?', 'help'],
  ],
};

export const reminderLine = (place: Place, columns: number): Line =>
  fitParts(
    (OF_PLACE[place] ?? GENERAL).map(([key, does], priority) => ({
      spans: [span(key, 'strong'), span(` ${does}`, 'faint')],
      priority,
    })),
    columns,
    '  ',
  );
