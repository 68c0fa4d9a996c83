/**
 * Numbers for people: one system of units, binary, everywhere. JSON carries exact numbers instead.
 */
import type { Bytes, Count } from '../proto/snapshot.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** "0 B", "1023 B", "1.0 KiB", "12.3 MiB": whole bytes below 1 KiB, one decimal above. */
export const formatBytes = (bytes: Bytes): string => {
  const size = Math.abs(bytes);
  const sign = bytes < 0 ? '-' : '';
  if (Math.round(size) < 1024) return `${sign}${Math.round(size)} B`;
  let unit = 0;
  let value = size;
  // 1023.95 would round to "1024.0": take the next unit before it can.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${sign}1.0 KiB` : `${sign}${value.toFixed(1)} ${UNITS[unit]}`;
};

/** "1,234,567": the same in every locale. */
export const formatCount = (count: Count): string =>
  String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** "+1.0 KiB", "-3 B", "0 B". */
export const formatBytesDelta = (delta: Bytes): string => `${delta > 0 ? '+' : ''}${formatBytes(delta)}`;

/** "+12", "-3", "0". */
export const formatCountDelta = (delta: Count): string => `${delta > 0 ? '+' : ''}${formatCount(delta)}`;

/** "12.3 %" of the whole; "" where there is no whole. */
export const formatShare = (part: number, whole: number): string =>
  whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '';

/** "812 ms", "1.24 s", "2 min 03 s", "1 h 02 min". */
export const formatDuration = (ms: number): string => {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
};

/** A bound of a class of ages: "10 s", "1 min", "1 h", "1 day". */
export const formatAge = (ms: number): string => {
  const unit = AGE_UNITS.find(([, length]) => ms >= length) ?? ['s', 1000];
  return `${ms / unit[1]} ${unit[0]}`;
};

const AGE_UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['day', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
];

/**
 * Reads a size as a user types it: "512", "10k", "4M", "1.5 GiB", "1MB". All prefixes are binary.
 *
 * @returns whole bytes, or null where the text is not a size
 */
export const parseBytes = (text: string): Bytes | null => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmgtp])(?:i?b)?|b)?\s*$/i.exec(text);
  if (!match) return null;
  const power = match[2] ? 'kmgtp'.indexOf(match[2].toLowerCase()) + 1 : 0;
  const bytes = Math.round(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : null;
};
