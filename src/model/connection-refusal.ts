/**
 * Why a listener closed a connection before it took a frame of it. `docs/errors.md` is generated from it and `causeway
 * explain REASON` shows the same text; the reason stands in the log, in the metrics and in the status.
 */
interface ConnectionRefusalSpec {
  /** What was wrong, as the end of "refused, because …". */
  readonly text: string;
  /** What the operator can do. */
  readonly hint: string;
}

/** Closed set of reasons. */
export const CONNECTION_REFUSALS = {
  'address-not-allowed': {
    text: 'its address is not in `listener.allow`',
    hint: 'If it is a sender, add its address or range to `listener.allow` and restart; else look who it is.',
  },
  'connection-limit': {
    text: 'there are as many connections as allowed, and all of them are busy',
    hint: 'Look which sender opens so many. If they are right, raise `listener.connectionsMax` or `perAddress`.',
  },
  'disk-full': {
    text: 'nothing may be taken while the disk is full',
    hint: 'Free space on the disk of the store; senders connect again by themselves.',
  },
  'too-many-handshakes': {
    text: 'too many TLS handshakes are under way',
    hint: 'Normal for a moment when all senders come back at once. If it lasts, look who connects so often.',
  },
  'handshake-timeout': {
    text: 'it did not finish the TLS handshake in time',
    hint: 'Look at the network between; a port scanner and a load balancer that only connects look like this, too.',
  },
  'handshake-broken-off': {
    text: 'it closed the connection during the TLS handshake',
    hint: 'Look at the log of the sender; a port scanner and a load balancer that only connects look like this, too.',
  },
  'not-tls': {
    text: 'it does not speak TLS',
    hint: 'Switch TLS on at the sender, or give it another listener without `tls`.',
  },
  'old-protocol': {
    text: 'it offers only versions of TLS that are too old',
    hint: 'Switch TLS 1.2 or 1.3 on at the sender. `tls.minVersion` says what this listener takes.',
  },
  'weak-cipher': {
    text: 'it offers no suite that is good enough (AEAD with forward secrecy)',
    hint: 'Switch the GCM or ChaCha20 suites with ECDHE on at the sender, and an elliptic curve such as P-256.',
  },
  'certificate-missing': {
    text: 'it showed no certificate',
    hint: 'Give the sender a certificate of one of the CAs in `tls.clientCaFile`.',
  },
  'certificate-ended': {
    text: 'its certificate, or one of its issuers, has ended',
    hint: 'Give the sender a new certificate. If it is still valid, set the clock of this machine.',
  },
  'certificate-not-yet-valid': {
    text: 'its certificate, or one of its issuers, is not valid yet',
    hint: 'Compare the clocks of both machines.',
  },
  'certificate-unknown-ca': {
    text: 'its certificate is from none of the CAs in `tls.clientCaFile`',
    hint: 'Add the CA to `tls.clientCaFile`, or have the sender send the certificates of its issuers, too.',
  },
  'certificate-wrong-name': {
    text: 'its certificate has none of the names in `tls.clientNames`',
    hint: 'Add the name of the sender to `tls.clientNames` and restart, or have its certificate issued with one.',
  },
  'certificate-wrong-purpose': {
    text: 'its certificate is not meant for a client',
    hint: 'Have it issued with the extended key usage "client authentication".',
  },
  'certificate-not-accepted': {
    text: 'its certificate cannot be trusted',
    hint: 'The log names the reason of the TLS library (class). Have the certificate issued anew.',
  },
  'our-certificate-refused': {
    text: 'it does not accept the certificate of this listener',
    hint: 'Give the sender our CA, connect to a name that stands in our certificate, and look when it ends (status).',
  },
  'handshake-failed': {
    text: 'the TLS handshake failed',
    hint: 'The log names the reason of the TLS library (class). Compare the TLS settings of both sides.',
  },
} as const satisfies Record<string, ConnectionRefusalSpec>;

export type ConnectionRefusal = keyof typeof CONNECTION_REFUSALS;

/** The last connection that was refused, for status. */
export interface LastRefusal {
  readonly reason: ConnectionRefusal;
  /** Wall clock, ms since the epoch. */
  readonly atMs: number;
}
