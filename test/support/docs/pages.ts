/** Every file that is generated from a catalogue, with the text that it must have. */
import { jsonSchemaText } from '../../../src/config/json-schema.ts';
import { configurationReference } from '../../../src/config/reference.ts';
import { contractSchemas } from '../../../src/model/contracts.ts';
import { metricsPage } from '../../../src/status/metrics-page.ts';
import { errorPage, problemPage } from './code-pages.ts';

/** One generated file; `path` is relative to the repository root. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** The files as they must stand in the repository. The bundle of the page is made by `npm run ui`. */
export function pages(): readonly Page[] {
  return [
    { path: 'docs/errors.md', text: errorPage() },
    { path: 'docs/problems.md', text: problemPage() },
    { path: 'docs/metrics.md', text: metricsPage() },
    { path: 'docs/configuration.md', text: configurationReference() },
    { path: 'config/schema.json', text: jsonSchemaText() },
    ...contractSchemas().map(({ file, text }) => ({ path: `docs/contracts/${file}`, text })),
  ];
}
