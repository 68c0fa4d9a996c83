/** Who knocks before the service is there, and after it has gone. */
import { statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { postDoorman } from '../../daemon/server/doorman.js';
import { startServer } from '../../daemon/server/server.js';
import { newFolder } from '../folders.js';
import { fakeSession, SITES } from './fakeSession.js';
import { connect as connectViewer } from './support.js';

const newSocket = (): string => join(newFolder(), 'socket');

/** Nothing that waits for a signal keeps Node.js alive. */
const stayAwake = (t: ExecutionContext): void => {
  const timer = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(timer));
};

test('a viewer that knocks before there is a service is served once there is one, and so is the next', async (t) => {
  stayAwake(t);
  const socketPath = newSocket();
  const doorman = postDoorman(socketPath);
  t.is(statSync(socketPath).mode & 0o777, 0o600);
  const first = connectViewer({ socketPath });
  await doorman.knocked;
  const server = await startServer(fakeSession([{ sites: SITES }]), { socketPath, doorman });
  t.teardown(server.close);
  await first;
  await connectViewer({ socketPath });
});

test('whoever knocks at a door that closes is sent away', async (t) => {
  stayAwake(t);
  const socketPath = newSocket();
  const doorman = postDoorman(socketPath);
  const visitor = connect(socketPath);
  await doorman.knocked;
  const sentAway = new Promise((resolve) => visitor.on('error', resolve).on('close', resolve));
  doorman.close();
  await sentAway;
  t.pass();
});

test('a door that is taken, and one whose path is too long for the system, are errors with their names', async (t) => {
  const socketPath = newSocket();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(socketPath, resolve));
  t.teardown(() => other.close());
  t.throws(() => postDoorman(socketPath), { code: 'EADDRINUSE' });
  t.throws(() => postDoorman(`/tmp/${'x'.repeat(120)}`), { code: 'ENAMETOOLONG' });
});
