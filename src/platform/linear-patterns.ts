/**
 * Patterns that a person configures, matched in linear time. A backtracking engine takes years for `^(a+)+$` over fifty
 * letters that a sender chooses; V8 has a second engine without backtracking (RE2's way). Importing this file lets V8
 * go over to it where the first one goes back too often (50,000 times), and `isLinear` says which patterns it can do.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--enable-experimental-regexp-engine');
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

/**
 * Whether a pattern is valid and its matching time is bounded by the length of the text: no look-around, no
 * back-reference, no repetition above 16.
 */
export function isLinear(pattern: string): boolean {
  try {
    new RegExp(pattern, 'l');
    return true;
  } catch {
    return false;
  }
}
