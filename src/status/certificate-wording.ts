/** Certificates in words: for the verdict, the command line and the log. Pure; wording rules as in `row-state.ts`. */
import type { CertificateFacts } from '../model/certificate.ts';
import type { CertificateStatus } from './snapshot.ts';
import type { Finding, VerdictParts } from './verdict.ts';
import { formatAge } from './wording.ts';

const ROLES: Readonly<Record<CertificateStatus['role'], string>> = { own: 'certificate', authority: 'CA' };

/** `The certificate adt.st-marys.example of channel clinical ends in 6 days`, without a full stop. */
export function certificateText(one: CertificateFacts & { readonly owner: string }, nowMs: number): string {
  const { role, name, owner, notBeforeMs, notAfterMs } = one;
  const what = `The ${ROLES[role]} ${name} of ${owner}`;
  if (nowMs < notBeforeMs) return `${what} is not valid for another ${formatAge(notBeforeMs - nowMs)}`;
  if (nowMs > notAfterMs) return `${what} ended ${formatAge(nowMs - notAfterMs)} ago`;
  return `${what} ends in ${formatAge(notAfterMs - nowMs)}`;
}

/** Certificates that end soon or have ended, as one finding, and files that cannot be used, as another. */
export function certificateFindings({ certificates, nowMs }: VerdictParts): Finding[] {
  const urgent = certificates.filter(({ urgency }) => urgency !== null);
  const [first] = urgent;
  const more = urgent.length > 1 ? `, and ${urgent.length - 1} more` : '';
  const ending: Finding[] =
    first === undefined
      ? []
      : [
          {
            state: 'needs-attention',
            text: `${certificateText(first, nowMs)}${more}. Put a new one into its files; it is taken up by itself.`,
            reassurance: first.urgency === 'ended' ? 'Connections that are open stay open.' : 'Everything flows.',
            brief: `${lowerFirst(certificateText(first, nowMs))}${more}`,
          },
        ];
  const troubled = certificates.find(({ trouble }) => trouble !== null);
  if (troubled === undefined) return ending;
  const what = `new certificate files of ${troubled.owner} cannot be used`;
  const text = `The ${what}: ${troubled.trouble ?? ''} The ones before stay in use.`;
  return [{ state: 'needs-attention', text, reassurance: 'Everything flows.', brief: `the ${what}` }, ...ending];
}

const lowerFirst = (text: string): string => `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
