/**
 * Owns the one memtrace-symbolizer process: starts it on the first question, again after a death, and gives it
 * one question at a time, so that a death names the module that caused it.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import {
  type Answer,
  answerReader,
  defineLine,
  hello,
  lookupLine,
  type ModuleDefinition,
} from './protocol.js';

export interface Question {
  /** the same number always means the same module */
  readonly number: number;
  readonly module: ModuleDefinition;
  readonly addresses: readonly number[];
  /** asked when its turn has come: false when the module was given up meanwhile */
  stillWanted(): boolean;
}

export type Reply =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** it died, or had to be killed, over this question */
  | { readonly kind: 'died'; readonly how: string }
  | { readonly kind: 'unstartable'; readonly why: string }
  /** not asked: the symbolizer was closed, or the question is no longer wanted */
  | { readonly kind: 'dropped' };

export interface SymbolizerChild {
  /** Questions are answered in order; never rejects. */
  ask(question: Question): Promise<Reply>;
  /** Ends the child; what is still asked gets `dropped`. */
  close(): Promise<void>;
}

/** A damaged file can send libdw in circles; opening a gigabyte of debug information takes tens of seconds. */
const answerTimeoutMs = 60_000;
const startAttempts = 2;
const startTimeoutMs = 30_000;
const closeTimeoutMs = 1000;

export const symbolizerChild = (binary: string, env: NodeJS.ProcessEnv): SymbolizerChild => {
  let running: Running | null = null;
  let unstartable: string | null = null;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();

  const start = async (): Promise<Running | null> => {
    for (let attempt = 1; attempt <= startAttempts && !closed; attempt++) {
      const started = launch(binary, env);
      running = started;
      const failure = await started.ready;
      if (failure === null) return started;
      running = null;
      if (attempt === startAttempts) unstartable = failure;
    }
    return null;
  };

  const perform = async (question: Question): Promise<Reply> => {
    if (closed || !question.stillWanted()) return { kind: 'dropped' };
    if (unstartable === null && !running?.alive()) await start();
    if (unstartable !== null) return { kind: 'unstartable', why: unstartable };
    if (!running || closed) return { kind: 'dropped' };
    const reply = await running.ask(question);
    return closed && reply.kind === 'died' ? { kind: 'dropped' } : reply;
  };

  return {
    ask: (question) => {
      const reply = last.then(() => perform(question));
      last = reply;
      return reply;
    },
    close: async () => {
      closed = true;
      await running?.end();
      await last;
    },
  };
};

interface Running {
  /** null once it has said hello, else why it did not */
  readonly ready: Promise<string | null>;
  alive(): boolean;
  ask(question: Question): Promise<Reply>;
  end(): Promise<void>;
}

/** One life of the child. */
const launch = (binary: string, env: NodeJS.ProcessEnv): Running => {
  // Detached: its own session, out of reach of the terminal's ^C. It ends on its own when stdin closes.
  const subprocess = spawn(binary, [], { detached: true, env, stdio: 'pipe' });
  if (subprocess.pid === undefined) return neverStarted(subprocess);
  letDaemonExit(subprocess);
  const read = answerReader();
  const defined = new Set<number>();
  let death: string | null = null;
  let complaint = '';
  let greeted = false;
  let onHello: (failure: string | null) => void = () => {};
  let onReply: ((reply: Reply) => void) | null = null;
  const ready = new Promise<string | null>((resolve) => {
    // Like the one of `ask` referenced on purpose: whoever waits keeps the daemon alive.
    const watchdog = setTimeout(() => {
      subprocess.kill('SIGKILL');
      die('did not start in time');
    }, startTimeoutMs);
    onHello = (failure) => {
      clearTimeout(watchdog);
      resolve(failure);
    };
  });

  const reply = (value: Reply): void => {
    const waiting = onReply;
    onReply = null;
    waiting?.(value);
  };
  const die = (how: string): void => {
    death ??= how;
    onHello(complaint.trim() || death);
    reply({ kind: 'died', how: death });
  };
  subprocess.on('error', (error) => die(error.message));
  subprocess.on('close', (code, signal) => die(signal ? `killed by ${signal}` : `exit code ${code}`));
  subprocess.stdin.on('error', () => {}); // EPIPE: `close` tells
  subprocess.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 1000);
  });

  let rest = '';
  subprocess.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!greeted) {
        greeted = line === hello;
        onHello(greeted ? null : `${binary} is not the symbolizer of this version`);
        continue;
      }
      const answer = read(line);
      if (answer) reply({ kind: 'answer', answer });
    }
  });

  return {
    ready,
    alive: () => death === null,
    ask: (question) =>
      new Promise((resolve) => {
        if (death !== null) {
          resolve({ kind: 'died', how: death });
          return;
        }
        const watchdog = setTimeout(() => {
          subprocess.kill('SIGKILL');
          die(`no answer for ${answerTimeoutMs / 1000} s`);
        }, answerTimeoutMs);
        onReply = (value) => {
          clearTimeout(watchdog);
          resolve(value);
        };
        const definition = defined.has(question.number) ? '' : defineLine(question.number, question.module);
        defined.add(question.number);
        subprocess.stdin.write(definition + lookupLine(question.number, question.addresses));
      }),
    end: () =>
      new Promise((resolve) => {
        if (death !== null) {
          resolve();
          return;
        }
        const kill = setTimeout(() => subprocess.kill('SIGKILL'), onReply ? 0 : closeTimeoutMs);
        subprocess.once('close', () => {
          clearTimeout(kill);
          resolve();
        });
        subprocess.stdin.end();
      }),
  };
};

/** Without a pid there may be no pipes either (no descriptors left); only the error event comes. */
const neverStarted = (subprocess: ChildProcessWithoutNullStreams): Running => ({
  ready: new Promise((resolve) => subprocess.once('error', (error) => resolve(error.message))),
  alive: () => false,
  ask: async () => ({ kind: 'died', how: 'never started' }),
  end: async () => {},
});

/** An idle child must not keep the daemon running. */
const letDaemonExit = (subprocess: ChildProcessWithoutNullStreams): void => {
  subprocess.unref();
  for (const pipe of [subprocess.stdin, subprocess.stdout, subprocess.stderr])
    if (pipe instanceof Socket) pipe.unref();
};
