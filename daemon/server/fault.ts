/** What is wrong with a request for a view, as its client is told. */
import type { ErrorCode } from '../../proto/messages.js';

export class ViewFault extends Error {
  readonly code: ErrorCode;

  /** @param message a sentence */
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
