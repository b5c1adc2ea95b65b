import { z } from 'zod';

/** HL7 table 0155, and the sender's own word for it. */
const condition = z.enum(['as-asked', 'AL', 'NE', 'ER', 'SU']);

/** `acknowledgment:` of a channel: which replies its senders get. */
export const acknowledgmentSettings = z
  .strictObject({
    mode: z
      .enum(['auto', 'original', 'enhanced'])
      .default('auto')
      .describe(
        'auto: by each message, enhanced where MSH-15 or MSH-16 names AL, NE, ER or SU, original elsewhere. ' +
          'original: one reply AA, AE or AR to every message, whatever MSH-15 and MSH-16 say. enhanced: a commit ' +
          'acknowledgment CA, CE or CR also to messages that name neither.',
      ),
    commit: condition
      .default('as-asked')
      .describe(
        'Commit acknowledgments in enhanced mode: as-asked by MSH-15, or AL always, NE never, ER only when the ' +
          'message is not accepted, SU only when it is.',
      ),
    application: condition
      .default('as-asked')
      .describe(
        'Application acknowledgments in enhanced mode, sent behind the commit acknowledgment on the same connection: ' +
          'as-asked by MSH-16, or AL, NE, ER, SU. NE: this channel never sends them.',
      ),
    sequenceNumbers: z
      .enum(['ignore', 'check'])
      .default('ignore')
      .describe(
        'check: the sequence number protocol (MSH-13, MSA-4) of a channel with one sender. A number out of turn is ' +
          'answered AE with the expected one, 0 asks for it, -1 sets it anew.',
      ),
  })
  .superRefine(({ mode, commit, application }, context) => {
    if (mode !== 'original') return;
    for (const [name, rule] of Object.entries({ commit, application })) {
      if (rule === 'as-asked') continue;
      const message = 'expected no rule beside mode original, which knows one reply only';
      context.addIssue({ code: 'custom', path: [name], message });
    }
  });

export type AcknowledgmentSettings = z.infer<typeof acknowledgmentSettings>;
