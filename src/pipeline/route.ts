/**
 * Routes: which events of a channel go to which destination. Conditions are CEL (Common Expression Language): no loops
 * without bound, no access to anything but the two variables. Sole importer of the CEL library.
 */
import { Environment } from '@marcbachmann/cel-js';
import type { CanonicalEvent } from '../model/event.ts';
import type { DestinationId } from '../model/ids.ts';
import { isLinear } from '../platform/linear-patterns.ts';
import type { RouteSettings } from './settings.ts';

/** What a condition may ask of the message. */
export interface RoutedMessage {
  readonly type: string;
  readonly version: string;
  readonly sendingApplication: string;
  readonly sendingFacility: string;
}

export interface Route {
  readonly destinationId: DestinationId;
  /** False also when the condition cannot be evaluated for this event, e.g. a field of `data` that it does not have. */
  accepts(event: CanonicalEvent, message: RoutedMessage): boolean;
}

const environment = new Environment().registerVariable('event', 'dyn').registerVariable('message', 'dyn');

/** What is wrong with a condition, one sentence; null when it can be used. */
export function checkCondition(condition: string): string | null {
  try {
    const checked = environment.parse(condition).check();
    if (!checked.valid) return `condition does not type-check: ${firstLine(checked.error)}`;
    const slow = slowPattern(condition);
    if (slow !== null) return `condition has a pattern that may take too long: ${slow}`;
    return checked.type === 'bool' || checked.type === 'dyn' ? null : `condition gives ${checked.type}, expected bool`;
  } catch (error) {
    return `condition cannot be read: ${firstLine(error)}`;
  }
}

/** @throws Error when the condition is not valid; `checkCondition` was asked before. */
export function compileRoute({ to, when }: RouteSettings): Route {
  const destinationId = to as DestinationId;
  if (when === undefined) return { destinationId, accepts: () => true };
  const condition = environment.parse(when);
  return {
    destinationId,
    accepts(event, message) {
      try {
        return condition({ event, message }) === true;
      } catch {
        return false;
      }
    },
  };
}

const LITERAL = /^(r?)(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\)/;

/** Senders choose the text that `matches` is asked about, so its pattern must be known and need no going back. */
function slowPattern(condition: string): string | null {
  for (const { index, 0: call } of condition.matchAll(/\bmatches\s*\(\s*/g)) {
    const [, raw, single, double] = LITERAL.exec(condition.slice(index + call.length)) ?? [];
    const literal = single ?? double;
    if (literal === undefined) return 'expected matches() with one quoted text';
    if (!isLinear(raw === 'r' ? literal : literal.replaceAll('\\\\', '\\'))) {
      return `${literal} (expected a pattern without look-around, back-reference or repetition above 16)`;
    }
  }
  return null;
}

const firstLine = (error: unknown): string =>
  error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown';
