/**
 * The nodes of a tree of stacks as JSON, digit by digit: they are most of a snapshot's text, and JSON.stringify takes
 * an object for each and six times as long (640 ns a node against 110, of two million).
 */
import type { Stacks } from '../../views/profile.js';

const [MINUS, ZERO] = [0x2d, 0x30];
const LONGEST_NUMBER = '-2147483648'.length;
const [BEFORE_PARENT, BEFORE_FRAME, END] = ['{"parent":', ',"frame":', '},'].map((text) =>
  new TextEncoder().encode(text),
);
const LONGEST_NODE = BEFORE_PARENT.length + BEFORE_FRAME.length + END.length + 2 * LONGEST_NUMBER;

/** @returns what stands between the brackets of an array of these nodes, which must be some */
export const nodesText = ({ parent, frame }: Stacks, from: number, until: number): string => {
  const bytes = Buffer.allocUnsafe((until - from) * LONGEST_NODE);
  let end = 0;
  for (let at = from; at < until; at += 1) {
    end = putText(bytes, end, BEFORE_PARENT);
    end = putNumber(bytes, end, parent[at]);
    end = putText(bytes, end, BEFORE_FRAME);
    end = putNumber(bytes, end, frame[at]);
    end = putText(bytes, end, END);
  }
  return bytes.toString('latin1', 0, end - 1);
};

const putText = (bytes: Uint8Array, at: number, text: Uint8Array): number => {
  for (let i = 0; i < text.length; i += 1) bytes[at + i] = text[i];
  return at + text.length;
};

const putNumber = (bytes: Uint8Array, at: number, number: number): number => {
  let start = at;
  let rest = number;
  if (number < 0) {
    bytes[start] = MINUS;
    start += 1;
    rest = -number;
  }
  const end = start + digitCount(rest);
  for (let i = end - 1; i >= start; i -= 1) {
    const tenth = Math.floor(rest / 10);
    bytes[i] = ZERO + rest - 10 * tenth;
    rest = tenth;
  }
  return end;
};

const digitCount = (number: number): number => {
  let digits = 1;
  for (let bound = 10; bound <= number; bound *= 10) digits += 1;
  return digits;
};
