/** Time that only goes forward. `performance` would load a part of Node.js that a short program's run has to pay for. */

/** Milliseconds since no particular moment. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
