/** Catalogue entries that nothing uses: an error nobody raises, a metric nobody observes. */
import { withoutComments } from './code-text.ts';
import { isProduct, type SourceFile } from './source-tree.ts';

/** A catalogue: the file that holds it and the names in it. */
export interface Catalogue {
  readonly path: string;
  readonly names: readonly string[];
}

/** Names that stand, as a quoted text or as a key, in no product file but the catalogue's own. */
export function unusedNames({ path, names }: Catalogue, files: readonly SourceFile[]): readonly string[] {
  const code = files
    .filter((file) => isProduct(file.path) && file.path !== path)
    .map(({ text }) => withoutComments(text));
  return names.filter((name) => {
    const used = new RegExp(`['"\`]${name}['"\`]|[{,]\\s*['"]?${name}['"]?\\s*:`);
    return !code.some((text) => used.test(text));
  });
}

/** Names of the metrics in the text of the metric catalogue. */
export const metricNamesIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/^\s+['"]?(causeway_[a-z0-9_]+)['"]?:/gm)].map(([, name = '']) => name)),
];
