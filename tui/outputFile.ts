/**
 * Follows the file into which the launcher copies what the program writes (cli/launcher/pty.c). It is emptied
 * when it has grown too large, and it may be removed with the session while we read it.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const LOOK_MS = 150;
const CHUNK = 1 << 16;

/** @returns stops */
export const followOutput = (path: string, onText: (text: string) => void): (() => void) => {
  let fd: number | null = null;
  let at = 0;
  let decoder = new StringDecoder('utf8');
  const chunk = Buffer.alloc(CHUNK);

  const look = (): void => {
    try {
      fd ??= openSync(path, 'r');
      if (fstatSync(fd).size < at) {
        at = 0;
        decoder = new StringDecoder('utf8');
      }
      for (;;) {
        const length = readSync(fd, chunk, 0, CHUNK, at);
        if (length === 0) return;
        at += length;
        onText(decoder.write(chunk.subarray(0, length)));
      }
    } catch {
      // not there yet, or no longer: what was read stays
    }
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
    if (fd !== null) closeSync(fd);
    fd = null;
  };
};
