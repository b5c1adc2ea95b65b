/** Whether a message is between the systems that its channel is for. Pure. */
import type { Hl7Message } from '../hl7/message.ts';
import type { Problem } from '../model/problem.ts';
import type { ExpectedParties } from './settings.ts';

/** Field, first component, and its name (HL7 v2.5.1 §2.14.9). */
const PARTIES = [
  ['sendingApplication', 'MSH-3', 'sending application'],
  ['sendingFacility', 'MSH-4', 'sending facility'],
  ['receivingApplication', 'MSH-5', 'receiving application'],
  ['receivingFacility', 'MSH-6', 'receiving facility'],
] as const;

/** One problem per field that names another system than the channel expects; none where the channel says nothing. */
export function partyProblems(message: Hl7Message, expected: ExpectedParties): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [name, path, words] of PARTIES) {
    const wanted = expected[name];
    if (wanted.length === 0 || wanted.includes(message.value(`${path}.1`) ?? '')) continue;
    const text = `The ${words} is not one that this channel expects.`;
    problems.push({ code: 'unexpected-party', path, text });
  }
  return problems;
}
