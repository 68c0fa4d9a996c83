/**
 * The painter on blessed: with keys.ts all that knows it. The terminal is given back on every way out: leaving, a
 * throw, SIGTERM, SIGHUP, SIGINT, a terminal that was closed, ^Z until fg.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Widgets } from 'blessed';
import { WIDE, width } from '../../views/text.js';
import type { OpenPainter } from '../painter.js';
import { separateInput } from './input.js';
import { actionOf, keyBehindEscape } from './keys.js';
import type { Palette } from './palette.js';
import { createPasteReader, isPasteMark, MARK_NO_PASTES, MARK_PASTES } from './paste.js';
import { sgrText } from './sgr.js';

type Blessed = typeof import('blessed') & { readonly unicode: Unicode };

export interface TerminalOptions {
  readonly palette: Palette;
  readonly title: string;
  /** Whether clicks and the wheel are ours; then the terminal selects text with Shift only. */
  readonly mouse: 'mouse' | 'no mouse';
}

/** What ends a process that does not care. */
const FATAL: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'];

const SURELY_STOPPED_MS = 200;
const WHEEL_ROWS = 3;
/** As many as there are numbers in palette.ts. */
const PALETTE_COLOURS = 256;

export const openTerminal =
  ({ palette, title, mouse }: TerminalOptions): OpenPainter =>
  ({ onAction, onResize, inputMode }) => {
    const { screen, box } = openScreen(title);
    const hasMouse = mouse === 'mouse';
    const size = () => ({ columns: Number(screen.width), rows: Number(screen.height) });
    let isOpen = true;
    /** Another command has the terminal. */
    let isLent = false;
    let shown = '';

    const close = (): void => {
      if (!isOpen) return;
      isOpen = false;
      for (const [signal, handler] of handlers) process.removeListener(signal, handler);
      process.removeListener('SIGCONT', onContinue);
      process.removeListener('SIGTSTP', onStop);
      process.removeListener('exit', close);
      process.removeListener('uncaughtException', close);
      process.removeListener('unhandledRejection', close);
      if (hasMouse) screen.program.disableMouse();
      process.stdin.removeListener('keypress', onMark);
      process.stdout.write(MARK_NO_PASTES);
      screen.destroy();
    };
    const redraw = (): void => {
      if (isLent) return;
      screen.alloc();
      screen.render();
    };
    /** @param whom a process, or 0 for the job that the shell started: ^Z means all of it */
    const suspend = (whom: number): void => {
      process.removeListener('SIGTSTP', onStop);
      if (!isLent) giveBack(screen, hasMouse);
      process.kill(whom, 'SIGTSTP');
      // Nobody to continue us (no shell with jobs): then it did not stop us either.
      setTimeout(() => isOpen && onContinue(), SURELY_STOPPED_MS);
    };
    const onStop = (): void => suspend(process.pid);
    /** Also after a SIGSTOP, which nobody hears of before. */
    const onContinue = (): void => {
      process.removeListener('SIGTSTP', onStop);
      process.on('SIGTSTP', onStop);
      if (isLent) return;
      takeBack(screen, hasMouse);
      onResize(size());
      redraw();
    };
    const lend = (command: string, args: readonly string[]): Promise<string | null> =>
      new Promise((resolve) => {
        if (isLent) {
          resolve(null);
          return;
        }
        isLent = true;
        giveBack(screen, hasMouse);
        process.stdin.pause();
        // blessed draws by itself when the size changes.
        const { render } = screen;
        screen.render = () => {};
        const end = (trouble: string | null): void => {
          if (!isLent) return;
          isLent = false;
          screen.render = render;
          resolve(trouble);
          if (!isOpen) return;
          process.stdin.resume();
          takeBack(screen, hasMouse);
          onResize(size());
          redraw();
        };
        const child = spawn(command, [...args], { stdio: 'inherit' });
        child.on('error', (error) => end(`Cannot start ${command}: ${error.message}`));
        child.on('exit', (code, signal) =>
          end(code === 0 ? null : `${command} ended with ${signal ?? code ?? 'an error'}.`),
        );
      });

    /** Ends as the signal would have ended us; process.exit aborts where the terminal is gone. */
    const endBy = (signal: NodeJS.Signals): void => {
      close();
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    };
    const handlers = FATAL.map((signal) => {
      const handler = () => endBy(signal);
      process.on(signal, handler);
      return [signal, handler] as const;
    });
    process.on('SIGCONT', onContinue);
    process.on('SIGTSTP', onStop);
    process.on('exit', close);
    // Before whoever prints what happened: else it goes to a screen that is about to vanish.
    process.prependListener('uncaughtException', close);
    process.prependListener('unhandledRejection', close);
    // A terminal that is gone: its SIGHUP may have gone to others.
    const hangUp = () => isOpen && endBy('SIGHUP');
    process.stdin.on('error', hangUp);
    process.stdout.on('error', hangUp);
    process.stdin.on('end', hangUp);

    const pastedBy = createPasteReader();
    const onKey = (text: string | undefined, key: Partial<Widgets.Events.IKeyEventArg>): void => {
      if (isLent) return;
      const { full = '', sequence = text ?? '' } = key; // digits and signs have none
      const pasted = pastedBy(sequence);
      if (pasted !== null) {
        if (pasted !== '') onAction({ kind: 'type', text: pasted });
        return;
      }
      const behind = keyBehindEscape(full, sequence, inputMode());
      onNamed(behind === null ? full : 'escape', text);
      if (behind !== null) onNamed(behind); // in the mode that Esc leads to
    };
    const onNamed = (key: string, text = ''): void => {
      const action = actionOf(key, inputMode(), text);
      if (action) onAction(action);
    };
    screen.on('keypress', onKey);
    // blessed does not know these, and keeps them to itself.
    const onMark = (text: string | undefined, key: Widgets.Events.IKeyEventArg | undefined): void => {
      if (key && isPasteMark(key.sequence)) onKey(text, key);
    };
    process.stdin.on('keypress', onMark);
    if (hasMouse)
      screen.on('mouse', ({ action, button, x, y }: MouseEvent) => {
        if (action === 'mousedown' && button === 'left') onAction({ kind: 'click', column: x, row: y });
        else if (action === 'wheelup') onAction({ kind: 'scroll', by: -WHEEL_ROWS });
        else if (action === 'wheeldown') onAction({ kind: 'scroll', by: WHEEL_ROWS });
      });
    screen.on('resize', () => {
      shown = '';
      onResize(size());
    });
    return {
      size,
      paint: (lines) => {
        const content = lines.map((line) => sgrText(line, palette)).join('\n');
        if (content === shown || isLent) return;
        shown = content;
        box.setContent(content);
        screen.render();
      },
      redraw,
      lend,
      copy: (text) => {
        process.stdout.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`);
      },
      suspend: () => suspend(0),
      close,
    };
  };

/** Its types know neither of the wheel nor of the buttons. */
type MouseEvent = Omit<Widgets.Events.IMouseEventArg, 'action'> & {
  readonly action: string;
  readonly button?: string;
};

const openScreen = (title: string) => {
  // Else lines come out as letters under tmux.
  process.env.NCURSES_NO_UTF8_ACS = '1';
  const blessed = createRequire(import.meta.url)('blessed') as Blessed;
  teachWidths(blessed.unicode);
  const screen = blessed.screen({
    smartCSR: false,
    fullUnicode: true,
    warnings: false,
    title,
    resizeTimeout: 50,
  }) as FullScreen;
  // Which colours there are is the palette's to say: blessed cannot read newer terminfo entries (tmux's among them),
  // takes eight for all there are, and makes grey black, which a black terminal does not show.
  screen.program.tput.colors = PALETTE_COLOURS;
  separateInput(process.stdin);
  process.stdout.write(MARK_PASTES);
  // Wider than it is seen: blessed counts UTF-16 units where it cuts a line, of which pictographs and marks have more
  // than columns. Lines are cut already.
  const box = blessed.box({ parent: screen, top: 0, left: 0, width: '200%', height: '100%', wrap: false });
  return { screen, box };
};

/** Its own tables are of 2013: whatever came later would shift what is right of it, and leave remains on the screen. */
const teachWidths = (unicode: Unicode): void => {
  unicode.charWidth = (text) => width(String.fromCodePoint(text.codePointAt(0) ?? 0));
  unicode.chars.all = new RegExp(`(${WIDE.source})`, 'gu');
  unicode.combining = new Proxy({}, { get: (_, code) => width(String.fromCodePoint(Number(code))) === 0 });
};

interface Unicode {
  charWidth: (text: string) => number;
  combining: Readonly<Record<number, boolean>>;
  /** All that is wide: it takes a place more. */
  readonly chars: { all: RegExp };
}

/** What blessed has and its types do not: to and from the alternate screen, with all that goes with it. */
type FullScreen = Widgets.Screen & {
  readonly enter: () => void;
  readonly leave: () => void;
  readonly program: { readonly tput: { colors: number } };
};

/** As it was before us. blessed's own pause keeps these sequences in its buffer until it is too late. */
const giveBack = (screen: FullScreen, hasMouse: boolean): void => {
  if (hasMouse) screen.program.disableMouse();
  process.stdout.write(MARK_NO_PASTES);
  screen.leave();
  process.stdin.setRawMode(false);
};

const takeBack = (screen: FullScreen, hasMouse: boolean): void => {
  // All of it again: the shell has changed the terminal, of which neither Node nor blessed knows.
  giveBack(screen, hasMouse);
  process.stdin.setRawMode(true);
  screen.enter();
  process.stdout.write(MARK_PASTES);
  if (hasMouse) screen.program.enableMouse();
};
