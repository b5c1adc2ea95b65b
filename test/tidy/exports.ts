/** Every export of the product says in a doc comment what its types cannot. */
import { isProduct, type SourceFile } from './source-tree.ts';

const EXPORT = /^export (?:(?:abstract |async )?(?:const|function\*?|class|interface|type) )(\w+)/;
/** The type of a schema is documented by the schema, a re-export where it stands. */
const TYPE_OF_SCHEMA = /^export type \w+ = (?:z\.(?:infer|input|output)<|\(typeof |keyof typeof )/;

/**
 * Exports without a doc comment. One comment may serve the single-line exports that follow without a blank line, and
 * the comment at the head of a file serves the export that it is named after (`lane-store.ts`: `LaneStore`).
 */
export function undocumentedExports(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => isProduct(path))
    .flatMap(({ path, text }) => {
      const lines = text.split('\n');
      return lines.flatMap((line, index) => {
        const name = EXPORT.exec(line)?.[1];
        if (name === undefined || TYPE_OF_SCHEMA.test(line)) return [];
        return isDocumented(lines, index) || isHeadOf(path, text, name)
          ? []
          : [`${path}:${index + 1} exports ${name} without a doc comment`];
      });
    });
}

function isHeadOf(path: string, text: string, name: string): boolean {
  const stem = path.slice(path.lastIndexOf('/') + 1, -'.ts'.length).replaceAll('-', '');
  return text.startsWith('/**') && name.toLowerCase() === stem;
}

function isDocumented(lines: readonly string[], index: number): boolean {
  for (let at = index - 1; at >= 0; at--) {
    const before = lines[at] ?? '';
    if (before.trimEnd().endsWith('*/')) return true;
    const isSingleLine = EXPORT.test(before) && /[;}]$/.test(before);
    if (!isSingleLine) return false;
  }
  return false;
}
