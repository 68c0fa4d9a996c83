/** The raw line table as readelf prints it: the judge where addr2line names a unit's main file instead of a header. */
import { run } from './support.js';

/** @returns whether the table maps `pc` to FILE:LINE (base name) */
export const lineTable = (debugFile: string): ((pc: number, file: string, line: number) => boolean) => {
  const rows: { readonly pc: number; readonly place: string }[] = [];
  for (const text of run('readelf', '-W', '--debug-dump=decodedline', debugFile).split('\n')) {
    const row = /^(\S.*?)\s+(\d+|-)\s+(0x[0-9a-f]+|0)(?:\s|\[|$)/.exec(text);
    if (row) rows.push({ pc: Number(row[3]), place: `${row[1]}:${row[2]}` });
  }
  rows.sort((a, b) => a.pc - b.pc);
  return (pc, file, line) => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rows[middle]?.pc ?? 0) <= pc) low = middle + 1;
      else high = middle;
    }
    const start = rows[low - 1]?.pc;
    for (let i = low - 1; i >= 0 && rows[i]?.pc === start; i--)
      if (rows[i]?.place === `${file}:${line}`) return true;
    return false;
  };
};
