/** Words that do not stand in this repository, and names that say nothing. */
import { isGenerated, type SourceFile } from './source-tree.ts';

interface Ban {
  readonly text: RegExp;
  readonly why: string;
}

const BANS: readonly Ban[] = [
  { text: /\b(?:TODO|FIXME|XXX|HACK)\b/, why: 'unfinished work is done or written down as a limit, not marked' },
  { text: /\b(?:for now|not implemented|would be)\b/i, why: 'say what is, not what may come' },
  { text: /@ts-(?:ignore|nocheck|expect-error)\b|\bas any\b/, why: 'a type that does not fit is mended' },
  { text: /\b(?:test|it|describe|suite)\.(?:only|todo)\(/, why: 'a test runs or does not exist' },
  { text: /(?:^|[\s"'`(=])\/(?:work|home|Users)\//, why: 'a path of one machine' },
  { text: /\b(?:issue|ticket) #?\d+\b/i, why: 'the repository speaks of the product only' },
  {
    text: /\b(?:this session|sub-?agents?|language models?|the brief)\b/i,
    why: 'the repository speaks of the product only',
  },
  { text: /\bregistry\.npm/, why: 'the host of a registry belongs to a machine' },
  { text: /\bexactly once delivery\b/i, why: 'at least once with one idempotency key: docs/decisions/0005' },
];

const EMPTY_NAME = /(?:^|[/-])(?:utils?|helpers?|managers?|common|misc|stuff)(?:[./-]|$)/;

/** Files that must name the words: the rule and its test, and texts that others wrote. */
const EXEMPT = /^(?:test\/tidy\/words(?:\.test)?\.ts|LICENSE|test\/support\/tools\/|package-lock\.json)/;

/** Every banned word with its line, and every file name that says nothing. */
export function wordProblems(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => !EXEMPT.test(path) && !isGenerated(path))
    .flatMap(({ path, text }) => {
      const names = EMPTY_NAME.test(path) ? [`${path}: the name says nothing about what is inside`] : [];
      const words = text.split('\n').flatMap((line, index) =>
        BANS.flatMap((ban) => {
          const found = ban.text.exec(line);
          return found === null ? [] : [`${path}:${index + 1} has "${found[0].trim()}": ${ban.why}`];
        }),
      );
      return [...names, ...words];
    });
}
