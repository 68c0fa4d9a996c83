/** The keys, as `?` shows them and as the last line reminds of them. Pure; terminal/keys.ts binds them. */
import { fitParts, type Line, span } from './cells.js';

const KEYS: readonly (readonly [string, string])[] = [
  ['up down j k', 'a row up or down'],
  ['PgUp PgDn ^u ^d', 'a screen, half a screen'],
  ['g G Home End', 'the first, the last row'],
  ['Tab Shift-Tab 1-6', 'the views; the last is what the program writes (run --tui)'],
  ['s < >', 'sort by the next column, by the one before or after'],
  ['I', 'smallest first, largest first'],
  ['space p z', 'hold the display; the trace goes on'],
  ['Enter', 'on a process: look into it'],
  ['Esc', 'back'],
  ['^L', 'draw the screen anew'],
  ['^Z', 'suspend; fg brings it back'],
  ['? h F1', 'this help'],
  ['q ^C', 'leave; the program runs on'],
];

const NOTES: readonly string[] = [
  'live: not freed yet. peak: alive when the whole process had its peak.',
  'temporary: freed by its thread before that made another block.',
  'Sizes are what the program asked for. A row is the innermost line of your',
  'own code; what a library allocates by itself is set back.',
];

export const helpLines = (): readonly Line[] => {
  const longest = Math.max(...KEYS.map(([keys]) => keys.length));
  return [
    [span('Keys', 'heading')],
    ...KEYS.map(([keys, does]) => [span(`  ${keys.padEnd(longest)}  `, 'strong'), span(does)]),
    [span('')],
    ...NOTES.map((note) => [span(`  ${note}`, 'faint')]),
  ];
};

const REMINDERS: readonly (readonly [string, string])[] = [
  ['?', 'help'],
  ['q', 'quit'],
  ['s', 'sort'],
  ['I', 'invert'],
  ['Tab', 'view'],
  ['space', 'hold'],
  ['Enter', 'choose'],
];

export const reminderLine = (columns: number): Line =>
  fitParts(
    REMINDERS.map(([key, does], priority) => ({
      spans: [span(key, 'strong'), span(` ${does}`, 'faint')],
      priority,
    })),
    columns,
    '  ',
  );
