/** `causeway send` over TLS: what a person tries out against a listener with certificates. */
import { expect, test } from 'vitest';
import { listenerTlsSettings } from '../../../listeners/tls-settings.ts';
import { controlIdOf } from '../../../src/cli/hl7-files.ts';
import { runProgram } from '../../../src/cli/program.ts';
import type { Intake } from '../../../src/model/intake.ts';
import { drivers } from '../../contract/drivers.ts';
import { started } from '../../contract/start-listener.ts';
import { CertificateFolder, TestCa } from '../../support/certificates.ts';
import { fakeContext } from './fake-context.ts';

const CA = new TestCa();

const positive: Intake = async ({ bytes }) => {
  const reply = Buffer.from(`MSH|^~\\&|||||||ACK|A1|P|2.5.1\rMSA|AA|${controlIdOf(bytes)}\r`);
  return { disposition: 'accepted', messageId: null, ackCode: 'AA', reply };
};

async function listening(extra: { readonly clientNames?: readonly string[] } = {}) {
  const folder = new CertificateFolder();
  const { certificateFile, keyFile } = folder.put('own', CA.issue());
  const ca = folder.write('ca.pem', CA.certificate);
  const tls = listenerTlsSettings.parse({ certificateFile, key: { file: keyFile }, clientCaFile: ca, ...extra });
  const { address } = await started(drivers.mllp, positive, { tls });
  const sender = folder.put('adt', CA.issue({ names: ['adt.example'] }));
  const send = async (...options: readonly string[]) => {
    const context = fakeContext();
    const code = await runProgram(['send', '--sample', 'adt-a01', '--to', address, ...options], context);
    return { code, text: [...context.stdout, ...context.stderr].join('\n') };
  };
  return { ca, folder, proof: ['--cert', sender.certificateFile, '--key', sender.keyFile], send };
}

test('with the CA of the receiver and a certificate of its own the message is answered', async () => {
  const { ca, proof, send } = await listening();
  expect(await send('--tls', '--ca', ca, ...proof)).toMatchObject({ code: 0, text: expect.stringMatching(/1 AA/) });
});

test('what is missing is said, with the option that cures it', async () => {
  const { ca, proof, send } = await listening();
  expect(await send('--tls', ...proof)).toMatchObject({
    code: 2,
    text: expect.stringMatching(/no CA that is trusted.*--ca/),
  });
  // It does run: to start it would cure nothing.
  expect((await send('--tls', ...proof)).text).not.toContain('Start the appliance');
  expect((await send('--ca', ca, '--server-name', 'elsewhere.example', ...proof)).text).toMatch(
    /another name.*--server-name/,
  );
  expect(await send('--ca', ca)).toMatchObject({
    code: 1,
    text: expect.stringMatching(/asks for a certificate.*--cert and --key/),
  });
  expect((await send('--ca', ca, '--cert', ca)).text).toContain('--cert and --key belong together');
  expect((await send('--ca', '/nowhere.pem')).text).toContain('TLS_MATERIAL_INVALID');
});

test('a certificate with a name that the listener does not expect is named as the likely cause', async () => {
  const { ca, proof, send } = await listening({ clientNames: ['lab.example'] });
  const { code, text } = await send('--ca', ca, ...proof);
  expect(code).not.toBe(0);
  expect(text).toMatch(/may not take the name in the certificate given with --cert/);
});

test('a plain listener is named as the likely cause when the handshake is not answered', async () => {
  const { address } = await started(drivers.mllp, positive, {});
  const context = fakeContext();
  const options = ['--tls', '--timeout', '300ms'];
  const code = await runProgram(['send', '--sample', 'adt-a01', '--to', address, ...options], context);
  expect(code).not.toBe(0);
  expect([...context.stdout, ...context.stderr].join('\n')).toMatch(/no TLS handshake came within 300 ms.*plain/);
});
