/** Certificates for an ERP that speaks HTTPS, made with openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A CA in a folder, and server certificates that it signed. */
export interface TestAuthority {
  readonly caFile: string;
  /** A certificate for this name, valid for so many days from now. */
  sign(name: string, days: number): { readonly cert: string; readonly key: string };
}

const openssl = (folder: string, ...words: readonly string[]): void =>
  void execFileSync('openssl', [...words], { cwd: folder, stdio: 'pipe' });

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const;

/** Makes a CA; `folder` must be empty or hold no other one. */
export function testAuthority(folder: string): TestAuthority {
  const ca = ['-keyout', 'ca-key.pem', '-out', 'ca.pem', '-days', '3650', '-subj', '/CN=Causeway test CA'];
  openssl(folder, 'req', '-x509', ...newKey, ...ca);
  let number = 0;
  return {
    caFile: join(folder, 'ca.pem'),
    sign(name, days) {
      const stem = `server${++number}`;
      writeFileSync(join(folder, `${stem}.ext`), `subjectAltName=DNS:${name}\nextendedKeyUsage=serverAuth\n`);
      openssl(folder, 'req', ...newKey, '-keyout', `${stem}-key.pem`, '-out', `${stem}.csr`, '-subj', `/CN=${name}`);
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-extfile', `${stem}.ext`];
      openssl(folder, 'x509', '-req', '-in', `${stem}.csr`, '-out', `${stem}.pem`, '-days', String(days), ...by);
      const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
      return { cert: read(`${stem}.pem`), key: read(`${stem}-key.pem`) };
    },
  };
}
