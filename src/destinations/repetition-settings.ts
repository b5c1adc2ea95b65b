import { z } from 'zod';

/** `repetition:` of a destination: how it recognises what it has already taken. Decides what may be sent again. */
export const repetitionSettings = z.strictObject({
  by: z
    .enum(['request-key', 'event-id', 'none'])
    .default('request-key')
    .describe(
      'How the destination recognises a repetition: by the key of the request (idempotencyHeader), by the id of each ' +
        'event whatever the request, or not at all.',
    ),
  conflict: z
    .enum(['read-body', 'posted', 'refused'])
    .default('read-body')
    .describe('What status 409 says: posted already, refused, or what its body says (a duplicate is posted).'),
  lookUp: z
    .strictObject({
      url: z
        .string()
        .regex(/\{eventId\}/, 'expected {eventId} in it')
        .describe('GET address that tells whether an event was taken; {eventId} stands for its id. Same host as url.'),
      waitMs: z
        .int()
        .min(0)
        .max(300_000)
        .default(10_000)
        .describe('How long a request without a clear answer may still be worked on before it is asked for, in ms.'),
      notFound: z
        .enum(['read-body', 'absent'])
        .default('read-body')
        .describe(
          'What status 404 says: what its body says (it must speak of the event or its record), or that the event is ' +
            'absent. absent only where no gateway answers 404 by itself.',
        ),
      idField: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe('Field of a record that holds the event id, where it is none of the usual ones.'),
    })
    .optional()
    .describe('Asked before an event is sent again whose repetition would not be recognised; without it, it is held.'),
});

export type RepetitionSettings = z.infer<typeof repetitionSettings>;
