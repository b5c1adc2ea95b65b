/**
 * TLS in front of a listener: takes plain sockets, hands on those whose handshake is complete and whose sender has
 * proven who it is, and says why it closed the others.
 *
 * New handshakes use the newest material; connections that are open are not touched by a change. Sessions are not
 * resumed: each connection proves anew who it is, with the CAs and names of the moment.
 */
import { constants, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TlsOptions, type TLSSocket } from 'node:tls';
import type { ConnectionRefusal } from '../src/model/connection-refusal.ts';
import { AEAD_SUITES, type TlsMaterial } from '../src/platform/tls-material.ts';
import type { WatchedTls } from '../src/platform/watched-tls.ts';
import { remoteOf } from './peer.ts';
import { refusalOf } from './tls-refusal.ts';
import type { ListenerTlsSettings } from './tls-settings.ts';

/** Why a connection was closed, for log and metric. */
export interface HandshakeRefusal {
  readonly reason: ConnectionRefusal;
  readonly remote: string;
  /** The code of the TLS library. */
  readonly detail?: string;
}

interface TlsHandshakesParts {
  readonly settings: ListenerTlsSettings;
  readonly source: WatchedTls;
  readonly onSecure: (socket: TLSSocket) => void;
  readonly onRefused: (refusal: HandshakeRefusal) => void;
}

/** The handshakes of one listener. */
export class TlsHandshakes {
  readonly #parts: TlsHandshakesParts;
  readonly #server: Server;
  /** Under way, the eldest first, by the ends of the connection. */
  readonly #underWay = new Map<string, Socket>();
  /** Whose plain socket was closed last: Node forgets the address of a sender whose certificate it did not accept. */
  #lastClosed = { remote: 'unknown', byUs: false };

  constructor(parts: TlsHandshakesParts) {
    this.#parts = parts;
    const { settings, source } = parts;
    this.#server = createServer({
      ...contextOptions(settings, source.material),
      handshakeTimeout: settings.handshakeTimeoutMs,
      requestCert: settings.clientCaFile !== undefined,
      rejectUnauthorized: settings.clientCaFile !== undefined,
    });
    this.#server.on('secureConnection', (socket) => this.#secure(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#failed(error, socket));
    source.onReplaced = (material) => this.#server.setSecureContext(contextOptions(settings, material));
  }

  /** Handshakes under way. */
  get size(): number {
    return this.#underWay.size;
  }

  /** Takes a socket of which nothing was read. At the bound the eldest handshake gives way: an honest one is quick. */
  begin(socket: Socket): void {
    if (this.#underWay.size >= this.#parts.settings.handshakesMax) this.dropEldest();
    const remote = remoteOf(socket);
    const ends = endsOf(socket);
    this.#underWay.set(ends, socket);
    socket.once('close', () => {
      const byUs = this.#underWay.get(ends) !== socket;
      this.#lastClosed = { remote, byUs };
      if (!byUs) this.#underWay.delete(ends);
    });
    // Who closes before the end of the handshake is owed no reply.
    socket.allowHalfOpen = false;
    this.#server.emit('connection', socket);
  }

  /** Closes the handshake that is under way for longest; false when there is none. */
  dropEldest(): boolean {
    const [eldest] = this.#underWay;
    if (eldest === undefined) return false;
    const [ends, socket] = eldest;
    this.#parts.onRefused({ reason: 'too-many-handshakes', remote: remoteOf(socket) });
    this.#underWay.delete(ends);
    socket.destroy();
    return true;
  }

  stop(): void {
    this.#parts.source.onReplaced = null;
    for (const socket of this.#underWay.values()) socket.destroy();
    this.#underWay.clear();
  }

  #secure(socket: TLSSocket): void {
    this.#underWay.delete(endsOf(socket));
    const { clientNames } = this.#parts.settings;
    if (clientNames.length > 0 && !hasName(socket, clientNames)) {
      this.#parts.onRefused({ reason: 'certificate-wrong-name', remote: remoteOf(socket) });
      socket.destroy();
      return;
    }
    // Like a plain connection: a sender may close its side and still gets its replies.
    socket.allowHalfOpen = true;
    this.#parts.onSecure(socket);
  }

  #failed(error: Error, socket: TLSSocket): void {
    const { remote, byUs } =
      socket.remoteAddress === undefined ? this.#lastClosed : { remote: remoteOf(socket), byUs: false };
    socket.destroy();
    if (byUs) return;
    const library = 'code' in error ? String(error.code) : error.name;
    const unproven = socket.authorizationError as unknown;
    const detail = typeof unproven === 'string' ? unproven : library;
    this.#parts.onRefused({ reason: refusalOf(detail), remote, detail });
  }
}

const endsOf = ({ remoteAddress, remotePort, localAddress }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress}`;

function contextOptions({ minVersion }: ListenerTlsSettings, { certificate, key, ca }: TlsMaterial): TlsOptions {
  return {
    cert: certificate ?? '',
    key: key ?? '',
    ...(ca === null ? {} : { ca }),
    minVersion: `TLSv${minVersion}`,
    ciphers: AEAD_SUITES,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
  };
}

/** One of the DNS names of the certificate, or its common name, as a whole and whatever the case. */
function hasName(socket: TLSSocket, names: readonly string[]): boolean {
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  if (certificate === undefined) return false;
  const common = [socket.getPeerCertificate().subject.CN].flat().map((name) => String(name).toLowerCase());
  return names.some(
    (name) =>
      common.includes(name.toLowerCase()) ||
      certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined,
  );
}
