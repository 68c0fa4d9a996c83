/** `memtrace ls`: the sessions of this user, oldest first. */
import { type FoundSession, listSessions } from '../../daemon/session/find.js';
import { SESSIONS_SCHEMA, type SessionList } from '../../proto/sessions.js';
import { padEnd, widest } from '../../views/text.js';
import { formatDuration } from '../../views/units.js';
import type { Command, Given } from '../command.js';
import { commandText } from '../print/command.js';
import { type Io, writeLines } from '../print/io.js';

const run = ({ options }: Given, io: Io): number => {
  const sessions = listSessions();
  if (options.json === true) io.stdout.write(`${JSON.stringify(jsonOf(sessions), null, 2)}\n`);
  else if (sessions.length === 0) io.stderr.write('memtrace: no sessions\n');
  else writeLines(io.stdout, tableOf(sessions, Date.now()));
  return 0;
};

export const command: Command = {
  options: { json: { type: 'boolean', default: false, describe: 'print JSON instead of a table' } },
  mostWords: 0,
  run,
};

const jsonOf = (sessions: readonly FoundSession[]): SessionList => ({
  schema: SESSIONS_SCHEMA,
  sessions: sessions.map(({ id, programPid, daemonPid, command, startedAt, state, socket }) => ({
    id,
    pid: programPid,
    daemonPid,
    command,
    startedAt,
    state,
    socket,
  })),
});

const tableOf = (sessions: readonly FoundSession[], now: number): readonly string[] => {
  const rows = sessions.map((session) => [
    session.id,
    String(session.programPid ?? '-'),
    session.state,
    formatDuration(now - Date.parse(session.startedAt)),
    commandText(session.command),
  ]);
  return aligned([['SESSION', 'PID', 'STATE', 'SINCE', 'PROGRAM'], ...rows]);
};

const aligned = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = rows[0]?.map((_, i) => widest(rows.map((row) => row[i] ?? ''))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, i) => padEnd(cell, widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};
