import { resolve } from 'node:path';
import { writeNewStoreKey } from '../platform/store-keys.ts';
import type { CliCommand } from './command.ts';
import { quoted } from './configuration.ts';
import { UsageError } from './option-values.ts';

/** `causeway key new FILE`: a key for `store.encryption`. The key itself is never shown. */
export const keyCommand: CliCommand = {
  name: 'key',
  summary: 'Make a key that encrypts what is stored.',
  examples: [['key new /etc/causeway/store-2026a.key', 'a new key, readable by its owner only']],
  subcommands: [
    {
      name: 'new',
      summary: 'Write a new random key to a file (mode 0600). Never replaces a file, never shows the key.',
      arguments: [{ syntax: '<file>', text: 'Where the key goes; outside of the folder of the store.' }],
      examples: [
        ['key new /etc/causeway/store-2026a.key', 'then: chown it to the service user'],
        ['key new store.key', 'a key in the working folder'],
      ],
      notes: [
        'Keep a copy of the key away from this machine: without it nothing in the store can be read again.',
        'To change keys, put the new one in front under store.encryption.keys and keep the old one behind it until',
        '`causeway doctor` says that no record needs it.',
      ],
      async run(values, { terminal }) {
        const file = values.first;
        if (file === '') throw new UsageError('A file for the key is missing.', 'causeway key new FILE');
        writeNewStoreKey(file);
        terminal.say(`${file} holds a new key. Keep a copy of it away from this machine.`);
        terminal.say('Name it in the configuration:');
        terminal.out(
          `store: { encryption: { keys: [ { id: ${suggestedId(file)}, file: ${quoted(resolve(file))} } ] } }`,
        );
        return 0;
      },
    },
  ],
};

/** The name of the file as far as it is an id. */
function suggestedId(file: string): string {
  const name = (file.split('/').at(-1) ?? '').replace(/\.[a-z]+$/i, '').toLowerCase();
  const id = name.replace(/[^a-z0-9.-]+/g, '-').replace(/^[.-]+/, '');
  return id === '' ? 'first' : id.slice(0, 32);
}
