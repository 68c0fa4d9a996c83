/** Messages as they come off the wire, of either side: understood, or refused with the field that is wrong. */
import test from 'ava';
import { FILTER_LIMIT, type Subscribe } from '../../proto/messages.js';
import { parseClientMessage, parseDaemonMessage } from '../../proto/parseMessages.js';
import { parseFilter } from '../../views/filter.js';

const SUBSCRIBE: Subscribe = {
  type: 'subscribe',
  id: 1,
  view: 'lines',
  process: 'main',
  sort: 'live',
  order: 'descending',
  kind: 'heap',
  limit: 20,
  intervalMs: 500,
};

const faultOf = (value: unknown): string => {
  const parsed = parseClientMessage(typeof value === 'string' ? value : JSON.stringify(value));
  return parsed.ok ? 'no fault' : parsed.fault;
};

test('a subscription is understood', (t) => {
  t.deepEqual(parseClientMessage(JSON.stringify(SUBSCRIBE)), { ok: true, message: SUBSCRIBE });
});

test('a mistake in a message is named by its field, with what was given', (t) => {
  t.is(faultOf({ ...SUBSCRIBE, limit: -3 }), 'limit is not a whole number from 1 to 10000, but -3');
  t.is(faultOf({ ...SUBSCRIBE, limit: 1e9 }), 'limit is not a whole number from 1 to 10000, but 1000000000');
  t.regex(faultOf({ ...SUBSCRIBE, view: '__proto__' }), /^view is not one of lines, .*, but "__proto__"$/);
  t.is(
    faultOf({ ...SUBSCRIBE, process: 'mine' }),
    'process is not the index of a process, main or all, but "mine"',
  );
  t.is(
    faultOf({ ...SUBSCRIBE, process: 1.5 }),
    'process is not the index of a process, main or all, but 1.5',
  );
  t.is(
    faultOf({ ...SUBSCRIBE, intervalMs: 1 }),
    'intervalMs is not 0 or a whole number from 100 to 60000, but 1',
  );
  t.is(
    faultOf({ ...SUBSCRIBE, id: undefined }),
    'id is not a whole number from 0 to 2147483647, but missing',
  );
  t.is(faultOf({ ...SUBSCRIBE, filter: 'x'.repeat(FILTER_LIMIT + 1) }), 'filter is longer than 2000');
});

test('a filter that can be typed is not refused for its length', (t) => {
  const longest = 'x'.repeat(FILTER_LIMIT);
  t.true(parseFilter(longest).ok);
  t.false(parseFilter(`${longest}x`).ok);
  t.is(faultOf({ ...SUBSCRIBE, filter: longest }), 'no fault');
});

test('what is no message at all is refused, never thrown at the daemon', (t) => {
  const noMessage = 'a message is a JSON object with a type, this is not';
  for (const text of ['', '{', 'null', '[]', '7', '"hello"', '{}', '{"type":7}', '\u0000', '{"type":"ping"'])
    t.is(faultOf(text), noMessage, text);
  for (const type of ['wish', 'constructor', '__proto__', 'toString', 'hasOwnProperty'])
    t.is(faultOf(`{"type":"${type}"}`), `there is no message of type ${type}`);
  t.is(faultOf(`${'['.repeat(30_000)}`), noMessage);
  const nested = '['.repeat(20_000) + ']'.repeat(20_000);
  t.regex(faultOf(`{"type":"ping","id":${nested}}`), /^id is not a whole number .*, but a list$/);
  t.regex(faultOf(`{"type":"ping","id":"${'x'.repeat(60_000)}"}`), /, but "x{36}\.\.\.$/);
});

test('fields that a later version adds are ignored', (t) => {
  const parsed = parseClientMessage('{"type":"ping","id":4,"colour":"red","__proto__":{"id":9}}');
  t.deepEqual(parsed, { ok: true, message: { type: 'ping', id: 4 } });
});

test('a faulty message can be answered by its number', (t) => {
  const parsed = parseClientMessage('{"type":"snapshot","id":12,"process":"all"}');
  t.like(parsed, { ok: false, id: 12, code: 'malformed' });
});

test('a number that no message may have is not sent back: the answer would break the rules itself', (t) => {
  for (const id of ['-5', '1.5', '2147483648', '1e300', '"4"', 'null'])
    t.like(
      parseClientMessage(`{"type":"dance","id":${id}}`),
      { ok: false, id: null, code: 'unknown-type' },
      id,
    );
});

test('the UI does not believe a daemon that sends half a header', (t) => {
  const parsed = parseDaemonMessage('{"type":"update","id":1,"header":{"takenAt":"now","running":true}}');
  t.like(parsed, { ok: false, fault: 'header.processes is not a count, but missing' });
});
