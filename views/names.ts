/** How a place in a program is written: `main.c:12`, `libfoo.so.1+0x4f2`, `libfoo.so.1`. */
import type { FrameName, Group } from './group.js';

/** Shortens a path for display; the identity keeps it whole. */
export type PathStyle = (path: string) => string;

const whole: PathStyle = (path) => path;

/** The function, or "??" where unknown. */
export const functionName = (place: Pick<Group, 'function'>): string => place.function ?? '??';

/** Where it is: file and line, else module and offset, else module, else "(no module)". */
export const placeName = (
  place: Pick<FrameName, 'file' | 'line' | 'module'> & {
    readonly function: string | null;
    readonly offset: number | null;
  },
  path: PathStyle = whole,
): string => {
  if (place.file !== null)
    return place.line === null ? path(place.file) : `${path(place.file)}:${place.line}`;
  if (place.module === null) return '(no module)';
  const hasOffset = place.offset !== null && place.function === null;
  return hasOffset ? `${baseName(place.module)}+0x${place.offset.toString(16)}` : baseName(place.module);
};

/** Of a row for a whole module. A frame of Python's is in none, nor is one in code that was made at run time. */
export const moduleName = (module: string | null, path: PathStyle = whole, isUser = true): string => {
  if (module !== null) return path(module);
  return isUser ? '(Python or generated code)' : '(Python itself, or generated code)';
};

/** "main (src/main.c:12)": one frame on one line. */
export const frameText = (
  frame: Omit<FrameName, 'offset'> & { readonly offset: number | null },
  path: PathStyle = whole,
): string =>
  frame.function === null && frame.file === null
    ? placeName(frame, path)
    : `${functionName(frame)} (${placeName(frame, path)})`;

const wholeTexts = new WeakMap<FrameName, string>();

/** With the whole path, made once: a frame is in many stacks. */
export const wholeFrameText = (frame: FrameName): string => {
  const known = wholeTexts.get(frame);
  if (known !== undefined) return known;
  const text = frameText(frame);
  wholeTexts.set(frame, text);
  return text;
};

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1) || path;

/** A program's name as a part of a file's, which has 255 bytes at most. */
export const nameInFile = (program: string): string =>
  baseName(program)
    .replace(/[^\w.+-]/g, '_')
    .slice(0, 200) || 'program';
