/**
 * Serves a fake session for terminal tests and for looking at the UI by hand, until stdin ends:
 *
 *     node dist/test/tui/serveFake.js /tmp/s
 *
 * Prints "ready" when clients may come. "end" on stdin ends the program, "close" the session.
 */
import { createInterface } from 'node:readline';
import { startServer } from '../../daemon/server/server.js';
import { fakeSession, SITES } from '../server/fakeSession.js';

const [socketPath = '/tmp/memtrace-fake'] = process.argv.slice(2);
const live = fakeSession([
  { sites: SITES, info: { command: ['/home/me/app', '--fast'] } },
  { sites: SITES.slice(0, 2), info: { command: ['sh', '-c', 'true'], exitCode: 3 }, parent: 0 },
]);
const server = await startServer(live, { socketPath });
let factor = 1;
const pass = (): void => {
  factor += 1;
  live.grow(factor);
};
setInterval(pass, 200).unref();
console.log('ready');
for await (const line of createInterface(process.stdin)) {
  if (line === 'end') live.end();
  if (line === 'close') break;
}
await server.close();
