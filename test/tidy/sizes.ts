/** Sizes: a file is read in one sitting, a line without scrolling. */
import { isGenerated, type SourceFile } from './source-tree.ts';

const FILE_LINES_MAX = 300;
const LINE_CHARACTERS_MAX = 120;

/** Tools that are one dense file on purpose, so that they can be copied to any machine. */
const SINGLE_FILE_TOOL = /^(?:test\/support\/tools|bench\/tools)\//;

/** Every file and line that is too long. */
export function sizeProblems(files: readonly SourceFile[]): readonly string[] {
  const code = files.filter(
    ({ path }) => /(?:\.(?:ts|mjs|sh|css)|^bin\/causeway|^\.ci\/run)$/.test(path) && !isGenerated(path),
  );
  return code
    .filter(({ path }) => !SINGLE_FILE_TOOL.test(path))
    .flatMap(({ path, text }) => {
      const lines = text.replace(/\n$/, '').split('\n');
      const wide = lines.flatMap((line, index) =>
        line.length > LINE_CHARACTERS_MAX
          ? [`${path}:${index + 1} has ${line.length} characters (at most ${LINE_CHARACTERS_MAX})`]
          : [],
      );
      return lines.length > FILE_LINES_MAX
        ? [`${path} has ${lines.length} lines (at most ${FILE_LINES_MAX}): is there a second room in it?`, ...wide]
        : wide;
    });
}
