#!/usr/bin/env node
// ledger-check — independent black-box delivery ledger for an MLLP -> HTTP store-and-forward appliance.
// Plain Node >= 20, no dependencies.  It plays the hospital senders AND the ERP, keeps its own books,
// breaks things on a seeded schedule, and then compares: acked set vs applied set, per-key order,
// duplicates at wire and at effect, money control totals, acknowledgement sanity.
//
//   node ledger-check.mjs --start "node app.js" [options]     run against an appliance
//   node ledger-check.mjs ref --mode good --port P ...         tiny reference appliance (for self-test)
//   node ledger-check.mjs selftest                             prove the checker catches planted bugs
//   node ledger-check.mjs --help
// exit: 0 = all invariants held, 1 = violation(s), 2 = the check itself could not run
import net from 'node:net';
import tls from 'node:tls';
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import os from 'node:os';
import crypto from 'node:crypto';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
const SELF = fileURLToPath(import.meta.url);
const VT = '\x0b',
  FS = '\x1c',
  CR = '\r';
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const now = () => performance.timeOrigin + performance.now(); // monotonic, wall-clock-jump safe
const HELP = `ledger-check options (defaults in brackets)
 --start CMD            run the appliance in the foreground; restarted after kill9/term/powercut
 --mllp H:P [127.0.0.1:2575]   --tls --ca F --cert F --key F --insecure
 --ready tcp:H:P|http://..     readiness probe [tcp: the MLLP address]   --ready-timeout S [30]
 --sink-port P [18080]  any method/path is taken as a posting
 --idem-header NAME [idempotency-key]     --dup-response 200|409 [200]   answer to a repeated key
 --amount-key NAME      also compare this JSON field (number or decimal string) with the amount sent
 --connections N [4] --keys N [12] --duration S [15] --pace MS [3] --ack-timeout S [8]
 --sender-chaos P [0]   share of messages sent badly first: half frame, dribble, drop before ack, resend after ack
 --template FILE        HL7 template; {{TOKEN}} {{KEY}} {{SEQ}} {{AMOUNT}} {{TS}}; segments by newline
 --plan "T action; .."  actions (T in s): kill9 | term | stop SECS | powercut | exec CMD | sink=MODE
 --chaos SEED:MEAN_MS:act,act,..          seeded random plan (printed, replayable)
 sink modes: ok down hang 500 503 429 401 reset reset-after late=MS slow=MS html200 err200 garbage mix=P poison=KEYNO
 --powercut-cmd CMD --powercut-restore CMD   e.g. powercut.sh cut/restore; acks after the cut began do not count
                        (the cut command may print "CUT <epoch ms>" to give the exact moment)
 --parked-cmd CMD       prints tokens held in dead-letter/exception queues (parked is not lost)
 --parked-policy skip|block [skip]   may later messages of that key pass a parked one?
 --allow-resend-dups    tolerate duplicates of messages the sender itself re-sent
 --allow-reject         tolerate AR/CR for valid messages
 --final-restart        kill -9 once more after draining and watch for re-application
 --drain-timeout S [60] --linger S [2] --restart-delay MS [300] --out FILE --ledger DIR --run ID --quiet`;

function args(argv) {
  const o = { _: [] };
  for (let i = 0; i < argv.length; i++) {
    const a = argv[i];
    if (!a.startsWith('--')) {
      o._.push(a);
      continue;
    }
    const k = a.slice(2);
    const n = argv[i + 1];
    if (n === undefined || n.startsWith('--')) o[k] = true;
    else {
      o[k] = n;
      i++;
    }
  }
  return o;
}
function prng(seed) {
  let a =
    (typeof seed === 'number'
      ? seed
      : parseInt(crypto.createHash('sha256').update(String(seed)).digest('hex').slice(0, 8), 16)) >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
// token = LC <run:3> K <key:2> S <seq:4> Z  (14 chars: fits MSH-10 of any v2 version)
const mkToken = (run, k, s) =>
  `LC${run}K${k.toString(36).padStart(2, '0')}S${s.toString(36).padStart(4, '0')}Z`.toUpperCase();
const TOKEN_RE = /LC([0-9A-Z]{3})K([0-9A-Z]{2})S([0-9A-Z]{4})Z/g;
const cents = (tok) =>
  100 + (parseInt(crypto.createHash('sha256').update(tok).digest('hex').slice(0, 6), 16) % 9_999_00); // deterministic amount
const money = (c) => (c / 100).toFixed(2);
const DEFAULT_TEMPLATE = [
  'MSH|^~\\&|LEDGER|SITE1|CAUSEWAY|HUB|{{TS}}||DFT^P03|{{TOKEN}}|P|2.5',
  'EVN|P03|{{TS}}',
  'PID|1||{{KEY}}^^^SITE1^MR||TEST^LEDGER||19700101|F||||||||||{{KEY}}A',
  'PV1|1|I|W1^R1^B1||||||||||||||||{{KEY}}V1',
  'FT1|1|{{TOKEN}}||{{TS}}||CG|CHG{{SEQ}}|check {{TOKEN}}||1|{{AMOUNT}}|{{AMOUNT}}|DEPT1',
].join('\n');

// ---------------------------------------------------------------- ERP sink
class Sink {
  constructor(o, log) {
    this.o = o;
    this.log = log;
    this.mode = 'ok';
    this.applied = [];
    this.wire = 0;
    this.idem = new Map();
    this.missingIdem = 0;
    this.reuse = [];
    this.perTokenWire = new Map();
    this.amountErrors = [];
    this.inflight = 0;
    this.maxInflight = 0;
    this.rnd = prng('sink' + o.run);
    this.sockets = new Set();
    this.statuses = {};
    this.lastApplied = now();
    this.noToken = 0;
  }
  async listen() {
    this.srv = http.createServer((q, s) => this.handle(q, s));
    this.srv.keepAliveTimeout = 5000;
    this.srv.on('connection', (c) => {
      this.sockets.add(c);
      c.on('close', () => this.sockets.delete(c));
      c.on('error', () => {});
    });
    await new Promise((r, j) => this.srv.once('error', j).listen(+this.o['sink-port'], '127.0.0.1', r));
    this.up = true;
  }
  async close() {
    if (!this.up) return;
    this.up = false;
    for (const c of this.sockets) c.destroy();
    await new Promise((r) => this.srv.close(r));
  }
  async set(mode) {
    if (mode === 'down') {
      this.mode = mode;
      await this.close();
    } else {
      this.mode = mode;
      if (!this.up) await this.listen();
      if (mode === 'ok') for (const c of this.sockets) if (c.__hung) c.destroy();
    }
  }
  handle(q, s) {
    this.inflight++;
    this.maxInflight = Math.max(this.maxInflight, this.inflight);
    s.on('close', () => this.inflight--);
    const b = [];
    q.on('data', (d) => b.push(d));
    q.on('error', () => {});
    q.on('end', () => this.decide(q, s, Buffer.concat(b).toString('utf8')));
  }
  reply(s, code, body, hdr = {}) {
    this.statuses[code] = (this.statuses[code] || 0) + 1;
    if (s.destroyed) return;
    const t = typeof body === 'string' ? body : JSON.stringify(body);
    s.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(t), ...hdr });
    s.end(t);
  }
  decide(q, s, body) {
    this.wire++;
    let [m, p] = this.mode.split('=');
    const tokens = [...new Set(body.match(TOKEN_RE) || [])];
    const key = q.headers[this.o['idem-header']];
    for (const t of tokens) this.perTokenWire.set(t, (this.perTokenWire.get(t) || 0) + 1);
    if (m === 'mix') {
      const r = this.rnd();
      m = r > +p ? 'ok' : ['500', '503', '429', 'reset', 'reset-after', 'late', 'html200'][Math.floor(this.rnd() * 7)];
      p = '400';
    }
    if (m === 'poison') {
      const pk = Number(p).toString(36).padStart(2, '0').toUpperCase();
      if (tokens.some((t) => t.slice(6, 8) === pk)) {
        this.log({ k: 'sink', m, tokens, key, applied: false });
        return this.reply(s, 422, { status: 'error', code: 'VALIDATION' });
      }
      m = 'ok';
    }
    const apply = () => this.apply(tokens, key, body);
    let res;
    const rec = (a) => this.log({ k: 'sink', m, tokens, key, applied: a });
    switch (m) {
      case 'ok':
        res = apply();
        rec(res.applied);
        return this.reply(s, res.code, res.body);
      case 'late':
        res = apply();
        rec(res.applied);
        return void setTimeout(() => this.reply(s, res.code, res.body), +(p || 2000));
      case 'slow':
        return void setTimeout(
          () => {
            res = apply();
            rec(res.applied);
            this.reply(s, res.code, res.body);
          },
          +(p || 500),
        );
      case 'reset-after':
        res = apply();
        rec(res.applied);
        this.statuses['reset-after'] = (this.statuses['reset-after'] || 0) + 1;
        return s.socket.destroy();
      case 'reset':
        rec(false);
        this.statuses.reset = (this.statuses.reset || 0) + 1;
        return s.socket.destroy();
      case 'hang':
        rec(false);
        s.socket.__hung = true;
        this.statuses.hang = (this.statuses.hang || 0) + 1;
        return;
      case 'html200':
        rec(false);
        return this.reply(s, 200, '<html><body>Please sign in to Guest-WiFi</body></html>', {
          'content-type': 'text/html',
        });
      case 'err200':
        rec(false);
        return this.reply(s, 200, { status: 'error', code: 'PERIOD_CLOSED', message: 'not posted' });
      case 'garbage':
        rec(false);
        return this.reply(s, 200, '{"status":"o');
      case '429':
        rec(false);
        return this.reply(s, 429, { status: 'error' }, { 'retry-after': '1' });
      default:
        rec(false);
        return this.reply(s, +m || 500, { status: 'error', code: m });
    }
  }
  apply(tokens, key, body) {
    const h = crypto.createHash('sha256').update(body).digest('hex');
    if (!tokens.length) {
      this.noToken++;
      return { code: 200, applied: false, body: { status: 'ok', receipts: [] } };
    }
    if (key === undefined) this.missingIdem++;
    else if (this.idem.has(key)) {
      const old = this.idem.get(key);
      if (old.h !== h && old.tokens.join() !== tokens.join()) {
        this.reuse.push({ key, first: old.tokens, again: tokens });
        return { code: 422, applied: false, body: { status: 'error', code: 'IDEMPOTENCY_KEY_REUSE' } };
      }
      return {
        code: +(this.o['dup-response'] || 200),
        applied: false,
        body: { status: 'ok', duplicate: true, receipts: old.tokens },
      };
    }
    if (key !== undefined) this.idem.set(key, { h, tokens });
    const t = now();
    for (const tok of tokens) this.applied.push({ t, tok, key });
    this.lastApplied = t;
    if (this.o['amount-key']) this.checkAmounts(body);
    return { code: 200, applied: true, body: { status: 'ok', receipts: tokens } };
  }
  checkAmounts(body) {
    let j;
    try {
      j = JSON.parse(body);
    } catch {
      return;
    }
    const ak = this.o['amount-key'];
    const walk = (n) => {
      if (n === null || typeof n !== 'object') return;
      for (const v of Object.values(n)) walk(v);
      if (!Array.isArray(n) && ak in n) {
        const ts = [...new Set(JSON.stringify(n).match(TOKEN_RE) || [])];
        if (ts.length === 1) {
          const got = Math.round(Number(typeof n[ak] === 'object' ? n[ak]?.value : n[ak]) * 100);
          if (got !== cents(ts[0])) this.amountErrors.push({ tok: ts[0], want: cents(ts[0]), got });
        }
      }
    };
    walk(j);
  }
}

// ---------------------------------------------------------------- MLLP sender (one message outstanding, real-world resend rules)
class Sender {
  constructor(o, id, keys, led) {
    this.o = o;
    this.keys = keys;
    this.led = led;
    this.seq = new Map(keys.map((k) => [k, 0]));
    this.rnd = prng(`s${id}${o.run}`);
    this.stop = false;
    this.abort = false;
  }
  connect() {
    const [h, p] = this.o.mllp.split(':');
    return new Promise((res, rej) => {
      const opt = { host: h, port: +p };
      let s;
      const to = setTimeout(() => {
        s.destroy();
        rej(new Error('connect timeout'));
      }, 3000);
      const ok = () => {
        clearTimeout(to);
        s.setNoDelay(true);
        res(s);
      };
      if (this.o.tls)
        s = tls.connect(
          {
            ...opt,
            ca: this.o.ca && fs.readFileSync(this.o.ca),
            cert: this.o.cert && fs.readFileSync(this.o.cert),
            key: this.o.key && fs.readFileSync(this.o.key),
            rejectUnauthorized: !this.o.insecure,
          },
          ok,
        );
      else s = net.connect(opt, ok);
      s.on('error', (e) => {
        clearTimeout(to);
        rej(e);
      });
      s.on('close', () => {
        s.__closed = true;
        s.__wake?.();
      });
      s.__buf = '';
      s.setEncoding('latin1');
      s.on('data', (d) => {
        s.__buf += d;
        s.__wake?.();
      });
    });
  }
  async ack(s, tok) {
    const end = now() + this.o['ack-timeout'] * 1000;
    for (;;) {
      const i = s.__buf.indexOf(FS + CR);
      if (i >= 0) {
        const f = s.__buf.slice(0, i);
        s.__buf = s.__buf.slice(i + 2);
        if (f[0] !== VT) this.led.bad('ACK_FRAMING', { tok, got: f.slice(0, 20) });
        const m = /(?:^|\r)MSA\|([A-Z]{2})\|([^|\r]*)/.exec(f);
        if (!m) {
          this.led.bad('ACK_UNPARSABLE', { tok, got: f.slice(0, 80) });
          return 'bad';
        }
        if (m[2] !== tok) {
          this.led.bad('ACK_MISMATCH', { tok, got: m[2] });
          return 'bad';
        }
        return m[1];
      }
      if (s.__closed) return 'closed';
      const left = end - now();
      if (left <= 0) return 'timeout';
      await new Promise((r) => {
        s.__wake = r;
        setTimeout(r, Math.min(left, 500));
      });
      s.__wake = null;
      if (this.abort) return 'abort';
    }
  }
  async run() {
    let s = null;
    const L = this.led;
    while (!this.stop) {
      const k = this.keys[Math.floor(this.rnd() * this.keys.length)];
      const n = this.seq.get(k) + 1;
      this.seq.set(k, n);
      const tok = mkToken(this.o.run, k, n);
      const frame =
        VT +
        this.o.tpl
          .replaceAll('{{TOKEN}}', tok)
          .replaceAll('{{KEY}}', `P${this.o.run}${k}`)
          .replaceAll('{{SEQ}}', String(n))
          .replaceAll('{{AMOUNT}}', money(cents(tok)))
          .replaceAll('{{TS}}', new Date().toISOString().replace(/[-:T]/g, '').slice(0, 14)) +
        FS +
        CR;
      L.sent.set(tok, { k, n, tries: 0 });
      const m = L.sent.get(tok);
      let chaos =
        this.rnd() < this.o['sender-chaos']
          ? ['half', 'dribble', 'dropack', 'again'][Math.floor(this.rnd() * 4)]
          : null;
      let back = 50;
      for (;;) {
        if (this.abort) {
          s?.destroy();
          return;
        }
        try {
          if (!s || s.__closed) {
            s = await this.connect();
            s.on('error', () => {});
          }
        } catch {
          s = null;
          L.connFail++;
          await sleep((back = Math.min(back * 2, 500)));
          continue;
        }
        m.tries++;
        if (m.tries > 1) m.resent = true;
        if (chaos === 'half') {
          chaos = null;
          L.chaos++;
          s.write(frame.slice(0, frame.length >> 1), 'latin1');
          await sleep(5);
          s.destroy();
          s = null;
          m.tries--;
          continue;
        }
        if (chaos === 'dropack') {
          chaos = null;
          L.chaos++;
          m.resent = true;
          s.write(frame, 'latin1');
          await sleep(this.rnd() * 20);
          s.destroy();
          s = null;
          continue;
        }
        if (chaos === 'dribble') {
          chaos = null;
          L.chaos++;
          for (let i = 0; i < frame.length && !s.__closed; i += 37) {
            s.write(frame.slice(i, i + 37), 'latin1');
            await sleep(1);
          }
        } else s.write(frame, 'latin1');
        const t0 = now();
        const c = await this.ack(s, tok);
        if (c === 'AA' || c === 'CA') {
          m.acked = now();
          L.ackMs.push(m.acked - t0);
          L.log({ k: 'ack', tok, c });
          if (chaos === 'again') {
            chaos = null;
            L.chaos++;
            m.resent = true;
            s.write(frame, 'latin1');
            const c2 = await this.ack(s, tok);
            L.codes[`again:${c2}`] = (L.codes[`again:${c2}`] || 0) + 1;
            if (c2 === 'closed' || c2 === 'timeout') {
              s.destroy();
              s = null;
            }
          }
          L.codes[c] = (L.codes[c] || 0) + 1;
          break;
        }
        L.codes[c] = (L.codes[c] || 0) + 1;
        if (c === 'AR' || c === 'CR') {
          m.rejected = c;
          break;
        }
        if (c !== 'AE' && c !== 'CE') {
          s.destroy();
          s = null;
        }
        await sleep((back = Math.min(back * 2, 1000)));
      }
      if (this.o.pace) await sleep(this.rnd() * 2 * this.o.pace);
    }
    s?.destroy();
  }
}

// ---------------------------------------------------------------- appliance process under our control (only ever signals the group it started)
class Proc {
  constructor(o) {
    this.o = o;
    this.starts = 0;
    this.readyMs = [];
  }
  async start() {
    if (!this.o.start) return;
    const out = this.o.ledger ? fs.openSync(path.join(this.o.ledger, 'appliance.log'), 'a') : 'ignore';
    this.c = spawn('sh', ['-c', `exec ${this.o.start}`], { detached: true, stdio: ['ignore', out, out] });
    if (typeof out === 'number') fs.closeSync(out);
    this.starts++;
    const c = this.c;
    c.on('exit', (code, sig) => {
      c.__exit = { code, sig };
    });
    c.on('error', (e) => {
      c.__exit = { code: -1, e };
    });
    const t = now();
    await this.ready(c);
    this.readyMs.push(Math.round(now() - t));
  }
  async ready(c) {
    const end = now() + this.o['ready-timeout'] * 1000;
    const u = this.o.ready;
    for (;;) {
      if (c?.__exit) throw new Error(`appliance exited while starting: ${JSON.stringify(c.__exit)}`);
      if (now() > end) throw new Error('appliance not ready in time');
      const ok = await new Promise((r) => {
        if (u.startsWith('tcp:')) {
          const [, h, p] = u.split(':');
          const s = net.connect(+p, h, () => {
            s.destroy();
            r(true);
          });
          s.on('error', () => r(false));
        } else
          http
            .get(u, (q) => {
              q.resume();
              r(q.statusCode < 300);
            })
            .on('error', () => r(false));
      });
      if (ok) return;
      await sleep(50);
    }
  }
  sig(s) {
    if (this.c && !this.c.__exit)
      try {
        process.kill(-this.c.pid, s);
      } catch {}
  }
  async end(s) {
    if (!this.c) return;
    this.sig(s);
    const t = now();
    while (!this.c.__exit && now() - t < 20000) await sleep(10);
    if (!this.c.__exit) {
      this.sig('SIGKILL');
      while (!this.c.__exit) await sleep(10);
      return 'had to SIGKILL';
    }
  }
  sh(cmd) {
    return new Promise((r) => {
      const p = spawn('sh', ['-c', cmd], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, LC_PID: String(this.c?.pid ?? '') },
      });
      let t = '';
      p.stdout.on('data', (d) => (t += d));
      p.on('close', (code) => r({ code, out: t }));
    });
  }
}

function parsePlan(o) {
  const plan = String(o.plan || '')
    .split(';')
    .map((x) => x.trim())
    .filter(Boolean)
    .map((x) => {
      const m = /^([\d.]+)\s+(\S+)\s*(.*)$/.exec(x);
      if (!m) throw new Error('bad plan item: ' + x);
      return { t: +m[1], a: m[2], p: m[3] };
    });
  if (o.chaos) {
    const [seed, mean, acts] = String(o.chaos).split(':');
    const r = prng('plan' + seed);
    let t = 0.5;
    const list = acts.split(',');
    for (;;) {
      t += -Math.log(1 - r()) * (+mean / 1000);
      if (t > o.duration) break;
      const a = list[Math.floor(r() * list.length)];
      plan.push({ t: +t.toFixed(2), a, p: a === 'stop' ? (r() * 2).toFixed(1) : '' });
      if (a.startsWith('sink=') && a !== 'sink=ok')
        plan.push({ t: +(t + 0.3 + r() * 2.5).toFixed(2), a: 'sink=ok', p: '' });
    }
  }
  return plan.sort((a, b) => a.t - b.t);
}

async function check(o) {
  const dflt = {
    mllp: '127.0.0.1:2575',
    'sink-port': 18080,
    'idem-header': 'idempotency-key',
    connections: 4,
    keys: 12,
    duration: 15,
    pace: 3,
    'ack-timeout': 8,
    'sender-chaos': 0,
    'ready-timeout': 30,
    'drain-timeout': 60,
    linger: 2,
    'restart-delay': 300,
    'parked-policy': 'skip',
  };
  for (const [k, v] of Object.entries(dflt)) {
    o[k] ??= v;
    if (typeof v === 'number') o[k] = Number(o[k]);
  }
  o['idem-header'] = o['idem-header'].toLowerCase();
  o.run = String(o.run || Math.floor(Math.random() * 46656).toString(36))
    .padStart(3, '0')
    .slice(0, 3)
    .toUpperCase();
  o.ready ??= `tcp:${o.mllp}`;
  o.tpl = (o.template ? fs.readFileSync(o.template, 'utf8') : DEFAULT_TEMPLATE).trim().split(/\r?\n/).join(CR) + CR;
  if (o.ledger) fs.mkdirSync(o.ledger, { recursive: true });
  const jf = o.ledger ? fs.createWriteStream(path.join(o.ledger, 'ledger.jsonl'), { flags: 'a' }) : null;
  const t0 = now();
  const log = (e) => jf?.write(JSON.stringify({ ms: Math.round(now() - t0), ...e }) + '\n');
  const say = (...a) => {
    if (!o.quiet) console.error(`[${((now() - t0) / 1000).toFixed(1).padStart(5)}s]`, ...a);
  };
  const viol = {};
  const bad = (k, d) => {
    (viol[k] ??= { count: 0, examples: [] }).count++;
    if (viol[k].examples.length < 5) viol[k].examples.push(d);
  };
  const L = { sent: new Map(), ackMs: [], codes: {}, connFail: 0, chaos: 0, bad, log };
  const sink = new Sink(o, log),
    proc = new Proc(o);
  const cuts = [];
  const plan = parsePlan(o);
  const events = [];
  say(`run ${o.run}; plan: ${plan.map((p) => `${p.t} ${p.a} ${p.p}`.trim()).join('; ') || '(none)'}`);
  await sink.listen();
  let down = false;
  try {
    await proc.start();
  } catch (e) {
    if (!o.start) throw e;
    await proc.end('SIGKILL');
    await sink.close();
    throw e;
  }
  const up = async () => {
    await sleep(o['restart-delay']);
    try {
      await proc.start();
      down = false;
    } catch (e) {
      down = true;
      bad('RESTART_FAILED', e.message);
      say('RESTART FAILED', e.message);
    }
  };
  const senders = [];
  for (let c = 0; c < o.connections; c++) {
    const ks = [];
    for (let k = c; k < o.keys; k += o.connections) ks.push(k);
    if (ks.length) senders.push(new Sender(o, c, ks, L));
  }
  const runs = senders.map((s) => s.run());
  const begin = now();
  const act = async ({ a, p }) => {
    events.push({ ms: Math.round(now() - begin), a, p });
    log({ k: 'fault', a, p });
    say('fault:', a, p);
    if (a.startsWith('sink=')) return sink.set(a.slice(5));
    if (a === 'exec') {
      const r = await proc.sh(p);
      if (r.code) say('exec rc', r.code);
      return;
    }
    if (down && a !== 'exec') return;
    if (a === 'kill9') {
      await proc.end('SIGKILL');
      return up();
    }
    if (a === 'term') {
      const r = await proc.end('SIGTERM');
      if (r) bad('TERM_IGNORED', r);
      else if (proc.c?.__exit?.code && proc.c.__exit.sig !== 'SIGTERM') events.at(-1).exit = proc.c.__exit;
      return up();
    }
    if (a === 'stop') {
      proc.sig('SIGSTOP');
      await sleep(+p * 1000 || 1000);
      proc.sig('SIGCONT');
      return;
    }
    if (a === 'powercut') {
      const c = { from: now() };
      cuts.push(c);
      const r = await proc.sh(o['powercut-cmd']);
      await proc.end('SIGKILL');
      const m = /CUT (\d+(?:\.\d+)?)/.exec(r.out);
      if (m) c.from = +m[1]; /* exact moment, wall ms */
      if (r.code) bad('HARNESS', 'powercut-cmd failed');
      await proc.sh(o['powercut-restore']);
      c.to = now();
      return up();
    }
    throw new Error('unknown action ' + a);
  };
  for (const p of plan) {
    const w = begin + p.t * 1000 - now();
    if (w > 0) await sleep(w);
    await act(p);
  }
  const rest = begin + o.duration * 1000 - now();
  if (rest > 0) await sleep(rest);
  if (!/^poison/.test(sink.mode)) await sink.set('ok');
  say('senders finishing');
  for (const s of senders) s.stop = true;
  const t = setTimeout(() => senders.forEach((s) => (s.abort = true)), o['drain-timeout'] * 1000);
  await Promise.all(runs);
  clearTimeout(t);
  // drain
  const inCut = (x) => cuts.some((c) => x >= c.from && x <= (c.to ?? Infinity));
  const counted = () => [...L.sent].filter(([, m]) => m.acked && !inCut(m.acked));
  const parkedSet = async () =>
    o['parked-cmd'] ? new Set((await proc.sh(o['parked-cmd'])).out.match(TOKEN_RE) || []) : new Set();
  let parked = await parkedSet();
  const dEnd = now() + o['drain-timeout'] * 1000;
  const dStart = now();
  const appliedSet = () => new Set(sink.applied.map((x) => x.tok));
  for (;;) {
    const A = appliedSet();
    const miss = counted().filter(([k]) => !A.has(k) && !parked.has(k)).length;
    if (!miss || now() > dEnd) {
      say(`drain: ${miss} outstanding`);
      break;
    }
    await sleep(200);
    if (o['parked-cmd']) parked = await parkedSet();
  }
  const drainMs = Math.round(now() - dStart);
  await sleep(o.linger * 1000);
  if (o['final-restart'] && o.start && !down) {
    say('final kill -9 + restart');
    await proc.end('SIGKILL');
    await up();
    await sleep(o.linger * 1000 + 1000);
  }
  parked = await parkedSet();
  await proc.end('SIGTERM');
  await sink.close();
  jf?.end();
  // ---------------- the books
  const first = new Map(),
    times = new Map();
  let foreign = 0;
  sink.applied.forEach((x, i) => {
    if (x.tok.slice(2, 5) !== o.run) {
      foreign++;
      return;
    }
    if (!first.has(x.tok)) first.set(x.tok, i);
    times.set(x.tok, (times.get(x.tok) || 0) + 1);
  });
  const acked = counted().map(([k]) => k),
    indeterminate = [...L.sent].filter(([, m]) => m.acked && inCut(m.acked)).length;
  for (const tok of acked) if (!first.has(tok) && !parked.has(tok)) bad('LOST', tok);
  for (const tok of first.keys()) if (!L.sent.has(tok)) bad('PHANTOM', tok);
  let dupResend = 0;
  for (const [tok, n] of times)
    if (n > 1) {
      const m = L.sent.get(tok);
      if (m?.resent) {
        dupResend++;
        if (!o['allow-resend-dups']) bad('DUPLICATE_AFTER_SENDER_RESEND', { tok, n });
      } else bad('DUPLICATE_EFFECT', { tok, n });
    }
  const perKey = new Map();
  for (const [tok] of [...first].sort((a, b) => a[1] - b[1])) {
    const m = L.sent.get(tok);
    if (!m) continue;
    const p = perKey.get(m.k);
    if (p !== undefined && m.n < p.n) bad('MISORDER', { key: m.k, after: p.tok, late: tok });
    if (!p || m.n > p.n) perKey.set(m.k, { n: m.n, tok });
  }
  if (o['parked-policy'] === 'block')
    for (const tok of parked) {
      const m = L.sent.get(tok);
      const p = m && perKey.get(m.k);
      if (p && p.n > m.n) bad('PASSED_PARKED', { parked: tok, passed: p.tok });
    }
  for (const r of sink.reuse) bad('IDEMPOTENCY_KEY_REUSED', r);
  for (const e of sink.amountErrors) bad('AMOUNT_CHANGED', e);
  if (sink.missingIdem) bad('NO_IDEMPOTENCY_KEY', sink.missingIdem);
  for (const [tok, m] of L.sent)
    if (m.rejected && !o['allow-reject']) bad('VALID_MESSAGE_REJECTED', { tok, code: m.rejected });
  for (const [tok, m] of L.sent) if (m.rejected && first.has(tok)) bad('REJECTED_BUT_APPLIED', tok);
  const sum = (it) => {
    let s = 0;
    for (const tok of it) s += cents(tok);
    return s;
  };
  const ackedC = sum(acked),
    appliedAckedC = sum(acked.filter((x) => first.has(x))),
    parkedC = sum(acked.filter((x) => parked.has(x) && !first.has(x)));
  let effectC = 0;
  for (const [tok, n] of times) effectC += cents(tok) * n;
  const unackedApplied = [...first.keys()].filter((x) => !L.sent.get(x)?.acked).length;
  if (ackedC !== appliedAckedC + parkedC) bad('MONEY_SHORT', money(ackedC - appliedAckedC - parkedC));
  const overC = effectC - sum(first.keys());
  if (overC) bad('MONEY_DOUBLE_POSTED', money(overC));
  if (!acked.length) bad('NOTHING_ACKED', 'no message was acknowledged: the run proves nothing');
  const q = (p) => {
    const a = [...L.ackMs].sort((x, y) => x - y);
    return a.length ? +a[Math.min(a.length - 1, Math.floor(p * a.length))].toFixed(1) : null;
  };
  const wireDup = [...sink.perTokenWire.values()].filter((n) => n > 1).length;
  const ok = !Object.keys(viol).length;
  const report = {
    verdict: ok ? 'PASS' : 'FAIL',
    run: o.run,
    seedPlan: plan,
    sent: L.sent.size,
    acked: acked.length,
    ackedAfterPowerCut: indeterminate,
    rejected: [...L.sent.values()].filter((m) => m.rejected).length,
    applied: first.size,
    appliedNeverAcked: unackedApplied,
    parked: parked.size,
    wireRequests: sink.wire,
    tokensSeenMoreThanOnceOnWire: wireDup,
    duplicatesAfterSenderResend: dupResend,
    foreignTokens: foreign,
    maxParallelPosts: sink.maxInflight,
    money: {
      acked: money(ackedC),
      appliedOfAcked: money(appliedAckedC),
      parkedOfAcked: money(parkedC),
      totalEffect: money(effectC),
    },
    ackCodes: L.codes,
    sinkStatuses: sink.statuses,
    connectFailures: L.connFail,
    badSends: L.chaos,
    ackMs: { p50: q(0.5), p99: q(0.99), max: q(1) },
    starts: proc.starts,
    readyMs: proc.readyMs,
    drainMs,
    events,
    violations: viol,
  };
  if (o.out) fs.writeFileSync(o.out, JSON.stringify(report, null, 1));
  return report;
}

// ---------------------------------------------------------------- reference appliance (deliberately small; wrong on purpose in every mode but "good")
async function ref(o) {
  const mode = o.mode || 'good',
    dir = o.dir,
    port = +o.port,
    url = new URL(o.sink);
  fs.mkdirSync(dir, { recursive: true });
  const W = path.join(dir, 'wal'),
    D = path.join(dir, 'done');
  const crc = (x) => crypto.createHash('md5').update(x).digest('hex').slice(0, 8);
  const ids = new Map();
  const queues = new Map();
  let order = [],
    attempt = 0;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const done = new Set(fs.existsSync(D) ? fs.readFileSync(D, 'utf8').split('\n') : []);
  const df = fs.openSync(D, 'a');
  let good = 0;
  if (fs.existsSync(W))
    for (const l of fs.readFileSync(W, 'latin1').split('\n')) {
      if (!l) continue;
      const c = l.slice(0, 8),
        b = l.slice(9);
      if (crc(b) !== c) break;
      good += l.length + 1;
      enqueue(JSON.parse(b));
    }
  if (fs.existsSync(W)) fs.truncateSync(W, good);
  const wf = fs.openSync(W, 'a');
  let pend = [],
    busy = false;
  function enqueue(m) {
    if (mode !== 'no-ingress-dedupe') ids.set(m.id, 1);
    if (mode !== 'no-ingress-dedupe' && done.has(m.id)) return;
    const k = mode === 'no-order' ? 'any' + (order.length % 16) : m.key;
    order.push(m.id);
    let q = queues.get(k);
    if (!q) queues.set(k, (q = { items: [], busy: false }));
    q.items.push(m);
    pump(q);
  }
  function flush() {
    if (busy || !pend.length) return;
    busy = true;
    const b = pend;
    pend = [];
    const buf = Buffer.from(
      b
        .map((x) => {
          const j = JSON.stringify(x.m);
          return `${crc(j)} ${j}\n`;
        })
        .join(''),
      'latin1',
    );
    fs.write(wf, buf, 0, buf.length, null, (e) =>
      fs.fdatasync(wf, (e2) => {
        for (const x of b) {
          if (e || e2) x.ack('AE');
          else {
            x.ack('AA');
            enqueue(x.m);
          }
        }
        busy = false;
        flush();
      }),
    );
  }
  function post(m) {
    return new Promise((r) => {
      const h = { 'content-type': 'application/json' };
      if (mode === 'fresh-idem') h['idempotency-key'] = `a${process.pid}-${attempt++}`;
      else if (mode !== 'no-idem') h['idempotency-key'] = m.id;
      if (mode === 'const-idem') h['idempotency-key'] = m.key;
      const amt = mode === 'float-money' ? Math.round(m.amount) : m.amount;
      const q = http.request(url, { method: 'POST', headers: h, agent, timeout: 1500 }, (s) => {
        let t = '';
        s.on('data', (d) => (t += d));
        s.on('error', () => r(false));
        s.on('end', () => {
          if (mode === 'any200') return r(s.statusCode === 200);
          if (mode === 'drop-5xx' && s.statusCode >= 500) return r(true);
          try {
            r((s.statusCode === 200 || s.statusCode === 409) && JSON.parse(t).status === 'ok');
          } catch {
            r(false);
          }
        });
      });
      q.on('timeout', () => q.destroy());
      q.on('error', () => r(false));
      q.end(JSON.stringify({ event: 'charge', source: m.id, key: m.key, amount: amt }));
    });
  }
  async function pump(q) {
    if (q.busy) return;
    q.busy = true;
    while (q.items.length) {
      const m = q.items[0];
      if (mode === 'delete-first') fs.writeSync(df, m.id + '\n');
      const ok = await post(m);
      if (ok) {
        q.items.shift();
        if (mode !== 'delete-first') fs.writeSync(df, m.id + '\n');
      } else {
        if (mode === 'no-order') q.items.push(q.items.shift());
        await sleep(60);
      }
    }
    q.busy = false;
  }
  net
    .createServer((s) => {
      s.setEncoding('latin1');
      let b = '';
      s.on('error', () => {});
      s.on('data', (d) => {
        b += d;
        let i;
        while ((i = b.indexOf(FS + CR)) >= 0) {
          const st = b.lastIndexOf(VT, i);
          const f = b.slice(st + 1, i);
          b = b.slice(i + 2);
          const id = f.split('|')[9];
          const key = /PID\|[^|]*\|[^|]*\|([^^|]*)/.exec(f)?.[1];
          const amount = +(/FT1\|(?:[^|]*\|){10}([^|]*)/.exec(f)?.[1] ?? 0);
          const ack = (c) =>
            s.writable &&
            s.write(
              `${VT}MSH|^~\\&|R|R|L|S|2026||ACK|1|P|2.5${CR}MSA|${mode === 'wrong-ack' && Math.random() < 0.02 ? 'X' + id : c + '|' + id}${CR}${FS}${CR}`,
              'latin1',
            );
          const m = { id, key, amount };
          if (ids.has(id)) {
            ack('AA');
            continue;
          }
          if (mode === 'ack-early') {
            ack('AA');
            ids.set(id, 1);
            setTimeout(() => {
              pend.push({ m, ack: () => {} });
              flush();
            }, 40);
            continue;
          }
          if (mode !== 'no-ingress-dedupe') ids.set(id, 1);
          if (mode === 'reject-busy' && Math.random() < 0.01) {
            ids.delete(id);
            ack('AR');
            continue;
          }
          pend.push({ m, ack });
          flush();
        }
      });
    })
    .listen(port, '127.0.0.1');
  process.on('SIGTERM', () => process.exit(0));
}

async function selftest(o) {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), 'ledger-'));
  const P = +(o.port || 32575),
    S = +(o['sink-port'] || 38080);
  const F =
    '1 kill9; 2 sink=reset-after; 2.6 sink=ok; 3 sink=html200; 3.4 sink=503; 3.8 sink=down; 4.4 sink=mix=0.3; 5 kill9; 6.2 sink=ok';
  const D = '--duration 7 --sender-chaos 0.05 --final-restart --amount-key amount';
  const want = {
    good: [],
    'ack-early': ['LOST'],
    'delete-first': ['LOST'],
    any200: ['LOST'],
    'drop-5xx': ['LOST'],
    'no-idem': ['NO_IDEMPOTENCY_KEY'],
    'fresh-idem': ['DUPLICATE_EFFECT'],
    'const-idem': ['IDEMPOTENCY_KEY_REUSED'],
    'no-order': ['MISORDER'],
    'no-ingress-dedupe': ['DUPLICATE_AFTER_SENDER_RESEND|IDEM_OK'],
    'wrong-ack': ['ACK_UNPARSABLE|ACK_MISMATCH'],
    'reject-busy': ['VALID_MESSAGE_REJECTED'],
    'float-money': ['AMOUNT_CHANGED'],
  };
  let fails = 0;
  const only = o._[1] ? o._[1].split(',') : Object.keys(want);
  for (const mode of only) {
    const dir = path.join(base, mode);
    const a = args(D.split(' '));
    Object.assign(a, {
      plan: F,
      start: `"${process.execPath}" "${SELF}" ref --mode ${mode} --port ${P} --dir "${dir}" --sink http://127.0.0.1:${S}/post`,
      mllp: `127.0.0.1:${P}`,
      'sink-port': S,
      quiet: !o.verbose,
      'drain-timeout': mode === 'good' ? 30 : 6,
      run: Math.floor(Math.random() * 46655).toString(36),
    });
    let r;
    try {
      r = await check(a);
    } catch (e) {
      console.log(`${mode.padEnd(18)} ERROR ${e.message}`);
      fails++;
      continue;
    }
    const got = Object.keys(r.violations);
    const ok = want[mode].length
      ? want[mode].every((w) => w.split('|').some((x) => got.includes(x) || (x === 'IDEM_OK' && !got.length)))
      : got.length === 0;
    if (!ok) fails++;
    console.log(
      `${ok ? 'ok  ' : 'MISS'} ${mode.padEnd(18)} sent ${r.sent} acked ${r.acked} applied ${r.applied} wireDup ${r.tokensSeenMoreThanOnceOnWire} -> ${got.map((g) => `${g}×${r.violations[g].count}`).join(', ') || 'no violation'}`,
    );
  }
  fs.rmSync(base, { recursive: true, force: true });
  console.log(fails ? `${fails} mode(s) not judged as expected` : 'checker self-test passed');
  process.exit(fails ? 1 : 0);
}

const o = args(process.argv.slice(2));
if (o.help) {
  console.log(HELP);
  process.exit(0);
} else if (o._[0] === 'ref') await ref(o);
else if (o._[0] === 'selftest') await selftest(o);
else {
  try {
    const r = await check(o);
    console.log(JSON.stringify(r, null, 1));
    process.exit(r.verdict === 'PASS' ? 0 : 1);
  } catch (e) {
    console.error('ledger-check could not run:', e.message);
    process.exit(2);
  }
}
