/** Text as a terminal shows it: shared with the terminal UI. */
export * from '../../views/text.js';
