/** Sizes, counts and times as people read and write them. */
import test from 'ava';
import {
  formatBytes,
  formatBytesDelta,
  formatCount,
  formatDuration,
  formatShare,
  parseBytes,
} from '../../views/units.js';

test('sizes never read "1024.0 KiB"', (t) => {
  const sizes = [0, 1023, 1024, 1536, 1048525, 1048524, 1048576, 3 * 2 ** 40, 5 * 2 ** 50];
  const texts = [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '1.0 MiB',
    '1023.9 KiB',
    '1.0 MiB',
    '3.0 TiB',
    '5.0 PiB',
  ];
  t.deepEqual(sizes.map(formatBytes), texts);
  // Of rates.
  t.deepEqual([1023.4, 1023.6, 1023.97].map(formatBytes), ['1023 B', '1.0 KiB', '1.0 KiB']);
});

test('a change says which way', (t) => {
  t.deepEqual([-2048, 0, 2048].map(formatBytesDelta), ['-2.0 KiB', '0 B', '+2.0 KiB']);
});

test('counts and durations read the same in every locale', (t) => {
  t.deepEqual([0, 999, 1000, 1234567, -1234].map(formatCount), ['0', '999', '1,000', '1,234,567', '-1,234']);
  t.deepEqual([0, 999.4, 999.6, 59_994, 59_996, 125_000, 3_725_000].map(formatDuration), [
    '0 ms',
    '999 ms',
    '1.00 s',
    '59.99 s',
    '1 min 00 s',
    '2 min 05 s',
    '1 h 02 min',
  ]);
  t.deepEqual([formatShare(1, 3), formatShare(0, 0)], ['33.3 %', '']);
});

test('a size is read as people write it, and nothing else is', (t) => {
  t.deepEqual(['512', '10k', '4M', '1.5 GiB', '1MB', '7B', ' 2 kib '].map(parseBytes), [
    512,
    10240,
    4 * 2 ** 20,
    1.5 * 2 ** 30,
    2 ** 20,
    7,
    2048,
  ]);
  for (const text of ['', 'k', '-1', '1e3', '0x10', '1 X', '99999999P', 'NaN'])
    t.is(parseBytes(text), null, text);
});
