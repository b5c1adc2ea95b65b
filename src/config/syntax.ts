/**
 * YAML syntax errors in plain words, by the code of the YAML library. Its own words may quote the file, secrets
 * included, so they are not shown.
 */

const SYNTAX_TEXTS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias (`*name`) cannot have an anchor or tag of its own',
  BAD_ALIAS: 'this alias (`*name`) has no anchor (`&name`) above it; write a value that starts with * in quotes',
  BAD_DIRECTIVE: 'this line starting with % is not known',
  BAD_DQ_ESCAPE: 'this \\ escape is not known inside double quotes; use single quotes',
  BAD_INDENT: 'the indentation does not fit the lines around it, or a bracket above is not closed',
  BAD_PROP_ORDER: 'an anchor or tag stands in the wrong place',
  BAD_SCALAR_START: 'a value cannot start with this character; write it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value cannot hold `: ` (write it in quotes), or the next line is indented too far',
  BLOCK_IN_FLOW: 'a comma is missing before this, or a value holds `: ` and must be written in quotes',
  COMMENT_SPACE: 'a comment needs a blank before #',
  KEY_OVER_1024_CHARS: 'this key is longer than 1,024 characters',
  MISSING_CHAR: 'a comma, blank, closing quote or closing bracket is missing',
  MULTILINE_IMPLICIT_KEY: 'expected `key: value` on one line',
  MULTIPLE_DOCS: 'a second document (`---`) is not read; one file holds one document',
  TAB_AS_INDENT: 'tabs are not allowed as indentation; use spaces',
  TAG_RESOLVE_FAILED: 'tags (`!name`) are not used here; write a text that starts with ! in quotes',
  UNCLOSED_QUOTE: 'this quote is never closed',
  UNEXPECTED_TOKEN: 'this does not belong here; a bracket, quote or `: ` may be missing or too many',
};

/** Errors after which the library misreads what follows, so that the rest of the line is taken out and read again. */
export const DERAILING_CODES: ReadonlySet<string> = new Set([
  'BLOCK_AS_IMPLICIT_KEY',
  'MISSING_CHAR',
  'MULTILINE_IMPLICIT_KEY',
  'UNCLOSED_QUOTE',
  'UNEXPECTED_TOKEN',
]);

/** The sentence for a code; a general one for a code without its own. */
export const syntaxText = (code: string): string => `YAML: ${SYNTAX_TEXTS[code] ?? 'this cannot be read'}`;
