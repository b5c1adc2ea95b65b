/** Reads TypeScript as text, as far as the tidy rules need it: no comments, and what a file imports. */

const REGEX_MAY_FOLLOW = /(?:^|[(,=:[!&|?{};<>+*%~^\n-]|\breturn|\btypeof|\bcase)\s*$/;

/** The text with comments replaced by spaces; line breaks stay, so that line numbers do too. */
export function withoutComments(text: string): string {
  let code = '';
  let at = 0;
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    const end = two === '//' || two === '/*' ? commentEnd(text, at) : literalEnd(text, at, code);
    const piece = text.slice(at, end);
    code += two === '//' || two === '/*' ? piece.replace(/[^\n]/g, ' ') : piece;
    at = end;
  }
  return code;
}

/** One import of a file. `typeOnly`: nothing is loaded at run time. */
export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const STATEMENT = /^(?:import|export)\s(type\s)?[^;'"]*?from\s*['"]([^'"]+)['"]/gm;
const BARE = /^import\s*['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** What a file imports or exports on, in the order of the text. */
export function importsOf(text: string): readonly Import[] {
  const code = withoutComments(text);
  const statements = [...code.matchAll(STATEMENT)].map(([, type, specifier = '']) => ({
    specifier,
    typeOnly: type !== undefined,
  }));
  const others = [...code.matchAll(BARE), ...code.matchAll(DYNAMIC)];
  return [...statements, ...others.map(([, specifier = '']) => ({ specifier, typeOnly: false }))];
}

/** The path in the repository that a relative or `#` specifier means; null for a package or a module of Node. */
export function resolveImport(importer: string, specifier: string): string | null {
  const alias = /^#(model|platform|hl7|outbox)\/(.*)$/.exec(specifier);
  if (alias !== null) return `${alias[1] === 'outbox' ? '' : 'src/'}${alias[1]}/${alias[2]}`;
  if (!specifier.startsWith('.')) return null;
  const parts = importer.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function commentEnd(text: string, at: number): number {
  const end = text[at + 1] === '/' ? text.indexOf('\n', at) : text.indexOf('*/', at) + 2;
  return end < at ? text.length : end;
}

/** End of the string, template or regular expression that starts here; otherwise the next character. */
function literalEnd(text: string, start: number, before: string): number {
  const quote = text[start] ?? '';
  const isRegex = quote === '/' && REGEX_MAY_FOLLOW.test(before.slice(-20));
  if (!isRegex && !`'"\``.includes(quote)) return start + 1;
  let inClass = false;
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (isRegex && character === '[') inClass = true;
    else if (isRegex && character === ']') inClass = false;
    else if (character === quote && !inClass) return at + 1;
    else if (character === '\n' && quote !== '`') return at;
  }
  return text.length;
}
