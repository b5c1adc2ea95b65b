/**
 * What keeps a browser from being used against the status port: response headers, and a check of the name under which
 * the port was called. Pure.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** On every answer of both servers. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);

/** The name part of an authority (`host:port`) in lower case, or null when it is not one. */
function hostnameOf(authority: string): string | null {
  if (/[/?#@\\\s]/.test(authority)) return null;
  return URL.parse(`http://${authority}`)?.hostname ?? null;
}

/**
 * Whether a request called a server bound to `host` by a name of its own. DNS rebinding: a foreign name that resolves
 * to loopback lets any web page read the answers. Only loopback is checked: a port that the configuration
 * opens to a network is called by names that this machine cannot know.
 */
export function isOwnHost(headers: IncomingHttpHeaders, host: string): boolean {
  if (!isLoopback(host)) return true;
  const called = headers.host === undefined ? null : hostnameOf(headers.host);
  const own = isIP(host) === 6 ? `[${host}]` : host.toLowerCase();
  return called !== null && (LOOPBACK_NAMES.has(called) || called === own);
}

/**
 * Whether a websocket upgrade comes from our own page: its Origin names the same host and port as the request itself.
 * Browsers always send Origin with an upgrade, so one without it is refused as well.
 */
export function isOwnOrigin(headers: IncomingHttpHeaders): boolean {
  const origin = headers.origin === undefined ? null : URL.parse(headers.origin);
  return origin !== null && /^https?:$/.test(origin.protocol) && origin.host === headers.host?.toLowerCase();
}
