/**
 * Who may talk to the service over TCP. Any web page can make a browser connect to a port of this machine, and
 * any user of it can: so the token must be right, the host must be the one we listen on (a name that was made to
 * point here is not), and a page of elsewhere is sent away. The Unix socket needs none of this: its folder is
 * private.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Gate {
  readonly token: string;
  readonly port: number;
}

export type Admission =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: 400 | 401 | 403; readonly why: string };

const OK: Admission = { ok: true };

/** @param target of the request line: "/?token=…" */
export const admit = (gate: Gate, target: string, headers: IncomingHttpHeaders): Admission => {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${gate.port}`);
  if (!hosts.includes(headers.host ?? ''))
    return { ok: false, status: 403, why: 'this name does not belong to memtrace' };
  const { origin } = headers;
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`))
    return { ok: false, status: 403, why: 'pages of other sites may not look at this program' };
  const token = tokenOf(target, headers);
  if (token === null) return { ok: false, status: 401, why: 'the token is missing' };
  return isSame(token, gate.token) ? OK : { ok: false, status: 401, why: 'the token is wrong' };
};

const BEARER = 'Bearer ';

const tokenOf = (target: string, { authorization }: IncomingHttpHeaders): string | null => {
  if (authorization?.startsWith(BEARER)) return authorization.slice(BEARER.length);
  const query = target.indexOf('?');
  return query < 0 ? null : new URLSearchParams(target.slice(query)).get('token');
};

/** Takes the same time wherever the two differ, also in length. */
const isSame = (given: string, right: string): boolean => timingSafeEqual(digest(given), digest(right));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
