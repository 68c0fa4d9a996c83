/** Documents that are written in portions. */
import test from 'ava';
import { jsonText } from '../../views/json.js';

test('a report written in portions is the text it is as a whole, whatever names say', (t) => {
  for (const count of [0, 1, 999, 1000, 1001, 2500]) {
    const rows = Array.from({ length: count }, (_, at) => ({
      function: `f${at}\n  "rows": []`,
      frames: at % 2 ? [`${at}`] : [],
    }));
    const document = { schema: 1, command: ['a\n  "rows": []'], rows, notes: [{ rows: [] }] };
    const portions = [...jsonText(document)];
    t.is(portions.join(''), `${JSON.stringify(document, null, 2)}\n`);
    t.true(portions.length >= count / 1000);
  }
});
