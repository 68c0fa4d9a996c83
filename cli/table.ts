/**
 * The table of commands: what help, completion and the dispatcher know of them. Their code and option tables are
 * loaded when one is called: `run` must not pay for what it does not use.
 */
import type { Command } from './command.js';

export interface CommandEntry {
  readonly describe: string;
  /** After the name of the command. */
  readonly usage: string;
  readonly examples: readonly (readonly [command: string, does: string])[];
  readonly load: () => Promise<Command>;
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: {
    describe: 'run a program and show where its memory comes from',
    usage: '[options] [--] program [arguments]',
    examples: [
      ['memtrace run ./server --port 80', 'trace it, report at its end'],
      ['memtrace run -o before.json -- make', 'keep the snapshot under a name'],
      ['memtrace run --by function -- ls', 'report by function'],
      ['memtrace run --only cc1 -- make', 'of all that make starts, the C compiler alone'],
    ],
    load: async () => (await import('./commands/run.js')).command,
  },
  top: {
    describe: 'watch a running session, the largest lines first',
    usage: '[pid|session]',
    examples: [
      ['memtrace top', 'the only session there is'],
      ['memtrace top 4711', 'the one that process 4711 belongs to'],
      ['memtrace top --by function --sort peak', 'begin with the functions, by their peak'],
      ['memtrace top --once --limit 5', 'the five largest lines, as text'],
    ],
    load: async () => (await import('./commands/top.js')).command,
  },
  dump: {
    describe: 'write a snapshot of a running session, or compare two',
    usage: '[pid|session] -o FILE | --diff BEFORE AFTER',
    examples: [
      ['memtrace dump -o now.json', 'a snapshot of the only session'],
      ['memtrace dump --diff a.json b.json', 'what grew between the two'],
    ],
    load: async () => (await import('./commands/dump.js')).command,
  },
  report: {
    describe: 'print a snapshot',
    usage: 'FILE',
    examples: [
      ['memtrace report memtrace.ls.4711.json', 'by source line'],
      ['memtrace report a.json --by stack --sort peak', 'whole stacks at the peak'],
      ['memtrace report a.json --block', 'the largest live blocks, each with its traceback'],
      ['memtrace report a.json --json | jq .rows', 'for other programs'],
    ],
    load: async () => (await import('./commands/reportEntry.js')).command,
  },
  annotate: {
    describe: 'print a source file with what each line allocated',
    usage: 'FILE[:FUNCTION] SNAPSHOT',
    examples: [
      ['memtrace annotate app.py a.json', 'live, peak, total and blocks beside each line'],
      ['memtrace annotate src/server.c:handle a.json', 'one function of it'],
      ['memtrace annotate app.py:main a.json --inclusive', 'with what is allocated in the calls'],
    ],
    load: async () => (await import('./commands/annotate.js')).command,
  },
  doctor: {
    describe: 'tell what can be traced of a program, and why not',
    usage: 'PROGRAM',
    examples: [
      ['memtrace doctor ./server', 'allocator, debug information, limits: each with its remedy'],
      ['memtrace doctor --json sudo', 'exit code 1: it cannot be traced'],
    ],
    load: async () => (await import('./commands/doctor.js')).command,
  },
  ls: {
    describe: 'list the running sessions',
    usage: '',
    examples: [
      ['memtrace ls', 'for people'],
      ['memtrace ls --json', 'for programs'],
    ],
    load: async () => (await import('./commands/ls.js')).command,
  },
  clean: {
    describe: 'remove what killed sessions left behind',
    usage: '',
    examples: [['memtrace clean', 'sessions that run are left alone']],
    load: async () => (await import('./commands/clean.js')).command,
  },
};
