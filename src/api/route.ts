import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { CausewayError } from '../model/errors.ts';

/** What arrived, not yet checked. */
export interface RawRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

interface RouteSpec<Input extends z.ZodType> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** One sentence: what a caller gets. */
  readonly summary: string;
  /**
   * All inputs as one strict object: path parameters, with the query of a GET or the JSON body of a POST.
   * A path parameter wins over a member of the same name.
   */
  readonly input: Input;
  /** @throws CausewayError, answered with the catalogue's HTTP status. */
  handle(input: z.output<Input>): Promise<unknown>;
}

/** One capability of the API. The server only translates HTTP to `answer` and back. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly summary: string;
  /** @throws CausewayError `REQUEST_INVALID`, and what the operation throws */
  answer(request: RawRequest): Promise<unknown>;
}

/** A route that keeps answering (NDJSON); it owns the response from here on. */
export interface StreamRoute {
  readonly path: string;
  readonly summary: string;
  /** Begins the answer; `query` is not yet checked. @throws CausewayError before anything was written. */
  open(response: ServerResponse, query: unknown): void;
}

/** Ties a declared route to its parser. */
export function route<Input extends z.ZodType>(spec: RouteSpec<Input>): ApiRoute {
  const { method, path, summary, input } = spec;
  return {
    method,
    path,
    summary,
    async answer(request) {
      const parsed = input.safeParse(merged(method === 'GET' ? request.query : request.body, request.params));
      if (!parsed.success) throw new CausewayError('REQUEST_INVALID', describe(parsed.error));
      return spec.handle(parsed.data);
    },
  };
}

function merged(given: unknown, params: unknown): object {
  const members = given ?? {};
  if (typeof members !== 'object' || Array.isArray(members))
    throw new CausewayError('REQUEST_INVALID', 'expected a JSON object as body');
  return { ...members, ...(params as object) };
}

/** Names of members and expectations, never their values. */
function describe(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => `${path.length === 0 ? 'request' : path.join('.')}: ${message}`)
    .join('; ');
}

/** `limit` and `after` of every list. Query values are text, so `limit` is read from digits. */
export const pageInput = {
  limit: z
    .union([
      z.int(),
      z
        .string()
        .regex(/^\d{1,4}$/, 'expected a whole number')
        .transform(Number),
    ])
    .pipe(z.int().min(1).max(1_000))
    .default(100),
  after: z.string().min(1).max(128).optional(),
};

/** Who acts, for the record: one line of printable text. */
export const byInput = z.string().regex(/^[^\p{Cc}]{1,128}$/u, 'expected 1 to 128 printable characters');

/** An id of ours in a path. */
export const idInput = z.string().regex(/^[\w:.-]{1,128}$/, 'expected an id');

/** Drops members that are undefined, as `exactOptionalPropertyTypes` wants them absent. */
export function present<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Value]: Exclude<Value[Key], undefined> };
}
