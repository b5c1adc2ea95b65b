import type { ConnectionRefusal } from '../src/model/connection-refusal.ts';

/** Codes of Node and OpenSSL (ssl_err.c, x509_txt.c) by what they mean for the one who must act. */
const REASONS: Readonly<Record<string, ConnectionRefusal>> = {
  ECONNRESET: 'handshake-broken-off',
  EPIPE: 'handshake-broken-off',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'handshake-timeout',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'old-protocol',
  ERR_SSL_VERSION_TOO_LOW: 'old-protocol',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not-tls',
  ERR_SSL_HTTP_REQUEST: 'not-tls',
  ERR_SSL_HTTPS_PROXY_REQUEST: 'not-tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not-tls',
  ERR_SSL_RECORD_LAYER_FAILURE: 'not-tls',
  ERR_SSL_NO_SHARED_CIPHER: 'weak-cipher',
  ERR_SSL_NO_SUITABLE_KEY_SHARE: 'weak-cipher',
  ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS: 'weak-cipher',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'weak-cipher',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'certificate-missing',
  CERT_HAS_EXPIRED: 'certificate-ended',
  CERT_NOT_YET_VALID: 'certificate-not-yet-valid',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-unknown-ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-unknown-ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-unknown-ca',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-unknown-ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-unknown-ca',
  CERT_SIGNATURE_FAILURE: 'certificate-unknown-ca',
  INVALID_PURPOSE: 'certificate-wrong-purpose',
};

/** The reason behind the code of a failed handshake, or of a certificate that was not accepted. */
export function refusalOf(code: string): ConnectionRefusal {
  const known = REASONS[code];
  if (known !== undefined) return known;
  // An alert of the other side about a certificate is about ours.
  if (/ALERT_(?:UNKNOWN_CA|(?:BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_)/.test(code)) return 'our-certificate-refused';
  return code.startsWith('ERR_') ? 'handshake-failed' : 'certificate-not-accepted';
}
