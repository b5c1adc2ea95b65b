/** The appliance with mutual TLS on its only channel, and certificates for its senders. */
import { onTestFinished } from 'vitest';
import { CertificateFolder, TestCa, type Wish } from './certificates.ts';
import { type FakeErp, startFakeErp } from './fake-erp.ts';
import { type Appliance, startAppliance } from './start-appliance.ts';

/** Signed the certificates of the appliance and of its senders. */
export const OURS = new TestCa('Hospital CA');

/** What a test works with; everything ends with the test. */
export interface TlsRig {
  readonly appliance: Appliance;
  readonly erp: FakeErp;
  readonly folder: CertificateFolder;
  /** File of the CA. */
  readonly ca: string;
  /** Files of a sender with a good certificate. */
  readonly sender: { readonly certificateFile: string; readonly keyFile: string };
}

/** Starts it; `own`: what its certificate says. */
export async function startTlsRig(tlsExtra = '', own: Wish = {}): Promise<TlsRig> {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const folder = new CertificateFolder();
  const { certificateFile, keyFile } = folder.put('own', OURS.issue(own));
  const ca = folder.write('ca.pem', OURS.certificate);
  const tls = `certificateFile: ${certificateFile}, key: { file: ${keyFile} }, clientCaFile: ${ca}${tlsExtra}`;
  const appliance = await startAppliance({ erpUrl: erp.url, listenerExtra: `tls: { ${tls} }` });
  onTestFinished(() => appliance.dispose());
  const sender = folder.put('adt', OURS.issue({ names: ['adt.example'], purpose: 'client' }));
  return { appliance, erp, folder, ca, sender };
}
