/**
 * Rules that no single setting can check: ids that must differ, routes that must lead somewhere, ports that must not
 * meet, secrets that must not stand in the open. Works on the configuration as written, so that these problems are
 * told together with those of single settings; what is absent or of the wrong type is left to `check.ts`.
 */
import type { ConfigProblem, Place } from './config-problem.ts';
import { either, meant } from './config-problem.ts';
import { foundText } from './expectation.ts';
import type { Located } from './located.ts';
import { entryOf, itemsAt, nodeAt, scalarAt, textAt } from './located.ts';
import { nearWord } from './near-word.ts';

/** Headers that carry a secret: `authorization:` sends them from a reference. Lower case. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'x-api-key',
  'api-key',
  'apikey',
  'x-auth-token',
]);

const DEFAULT_HOST = '127.0.0.1';
const WILDCARD_HOSTS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]', '*']);
/** Ids told to a person who named an unknown one. */
const IDS_TOLD_MAX = 12;

interface LintOptions {
  readonly checkCondition?: (condition: string) => string | null;
}

/** Everything that is wrong between settings, in any order. */
export function lintConfig(root: Located, { checkCondition }: LintOptions): readonly ConfigProblem[] {
  return [
    ...repeatedIds(root, 'channels'),
    ...repeatedIds(root, 'destinations'),
    ...routeProblems(root, checkCondition),
    ...portClashes(root),
    ...openSecrets(root),
  ];
}

const problemAt = (place: Place, path: string, text: string): ConfigProblem => ({ ...place, path, text });

const shown = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;

function repeatedIds(root: Located, list: 'channels' | 'destinations'): readonly ConfigProblem[] {
  const first = new Map<string, Place>();
  return itemsAt(root, [list]).flatMap((item, index) => {
    const id = scalarAt(item, ['id']);
    if (typeof id?.value !== 'string') return [];
    const before = first.get(id.value);
    if (before === undefined) first.set(id.value, id.place);
    const text = `expected an id of its own, found ${foundText(id)} again; first at ${before ? shown(before) : ''}`;
    return before === undefined ? [] : [problemAt(id.place, `${list}.${index}.id`, text)];
  });
}

function routeProblems(root: Located, checkCondition: LintOptions['checkCondition']): readonly ConfigProblem[] {
  const destinations = itemsAt(root, ['destinations']);
  // Without a list of destinations no id is known: that one problem is told elsewhere.
  const areKnown = nodeAt(root, ['destinations'])?.type === 'list';
  const ids = destinations.flatMap((item) => textAt(item, ['id']) ?? []);
  const known = ids.length > 0 && ids.length <= IDS_TOLD_MAX ? ` (${either([...new Set(ids)])})` : '';
  const problems: ConfigProblem[] = [];
  for (const [channel, item] of itemsAt(root, ['channels']).entries()) {
    for (const [index, route] of itemsAt(item, ['routes']).entries()) {
      const path = `channels.${channel}.routes.${index}`;
      const to = scalarAt(route, ['to']);
      if (areKnown && typeof to?.value === 'string' && !ids.includes(to.value)) {
        const near = nearWord(to.value, ids);
        const text = `expected the id of a destination${known}, found ${foundText(to)}${meant(near)}`;
        problems.push(problemAt(to.place, `${path}.to`, text));
      }
      const when = scalarAt(route, ['when']);
      const wrong = typeof when?.value === 'string' && when.value !== '' ? checkCondition?.(when.value) : null;
      if (when !== undefined && typeof wrong === 'string') {
        problems.push(problemAt(when.place, `${path}.when`, `expected a CEL condition: ${wrong}`));
      }
    }
  }
  return problems;
}

interface Binding {
  readonly owner: string;
  readonly host: string;
  readonly port: number;
  readonly place: Place;
}

/** Two that bind the same port of the same address; a wildcard address takes the port of every other one. */
function portClashes(root: Located): readonly ConfigProblem[] {
  const owners = [
    ...itemsAt(root, ['channels']).map((item, index) => ({
      owner: `channels.${index}.listener`,
      node: entryOf(item, 'listener')?.node,
    })),
    { owner: 'status', node: nodeAt(root, ['status']) },
  ];
  const bound: Binding[] = [];
  const problems: ConfigProblem[] = [];
  for (const { owner, node } of owners) {
    const port = scalarAt(node, ['port']);
    if (port === undefined || typeof port.value !== 'number' || port.value === 0) continue;
    const written = textAt(node, ['host']) ?? DEFAULT_HOST;
    const host = written.toLowerCase() === 'localhost' ? DEFAULT_HOST : written.toLowerCase();
    const binding: Binding = { owner, host, port: port.value, place: port.place };
    const other = bound.find((candidate) => clash(candidate, binding));
    if (other !== undefined) {
      const text = `expected a port of its own, found ${port.value} which ${other.owner} uses (${shown(other.place)})`;
      problems.push(problemAt(port.place, `${owner}.port`, text));
    }
    bound.push(binding);
  }
  return problems;
}

function clash(left: Binding, right: Binding): boolean {
  const anyHost = WILDCARD_HOSTS.has(left.host) || WILDCARD_HOSTS.has(right.host);
  return left.port === right.port && (anyHost || left.host === right.host);
}

/** Secrets are only named: none in a header, none in an address. */
function openSecrets(root: Located): readonly ConfigProblem[] {
  return itemsAt(root, ['destinations']).flatMap((item, index) => {
    const path = `destinations.${index}`;
    const headers = entryOf(item, 'headers')?.node;
    const entries = headers?.type === 'mapping' ? headers.entries : [];
    const problems = entries
      .filter(({ key }) => SECRET_HEADERS.has(key.toLowerCase()))
      .map(({ key, keyPlace }) =>
        problemAt(
          keyPlace,
          `${path}.headers.${key}`,
          'a secret may not stand here; expected authorization: { secret: { file: … } }',
        ),
      );
    const url = scalarAt(item, ['url']);
    const parsed = typeof url?.value === 'string' ? URL.parse(url.value) : null;
    if (url !== undefined && parsed !== null && (parsed.username !== '' || parsed.password !== '')) {
      const text = 'expected an address without user and password; use authorization: { secret: { file: … } }';
      problems.push(problemAt(url.place, `${path}.url`, text));
    }
    return problems;
  });
}
