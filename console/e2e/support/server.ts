// A real server on free ports, in a directory of its own, with the demo's data and one person who is signed in.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { preview } from 'vite';

export const person = { name: 'Ada Sample', email: 'ada@sample.example', password: 'plain sample words that are long' };

/** `CLAVIGER_BIN` names another binary. */
const binary = resolve(process.env.CLAVIGER_BIN ?? '../target/debug/claviger');
const environment = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8', CLAVIGER_WEBHOOKS_ALLOW: '127.0.0.1/32' };

export interface Made {
  setup_url: string;
  management_key: string;
  organisation: { id: string; slug: string; name: string };
}

export class Server {
  private constructor(
    readonly data: string,
    readonly made: Made,
    private readonly process: ChildProcess,
    /** Where the API is. */
    readonly api: string,
    /** Where verifications are asked for. */
    readonly verification: string,
    /** Where the console is. */
    readonly url: string,
    private readonly close: () => Promise<void>,
  ) {}

  /** `demo`: with sample data; else an empty installation. */
  static async start(fill: 'demo' | 'empty' = 'demo'): Promise<Server> {
    const data = mkdtempSync(join(tmpdir(), 'console-'));
    const command = fill === 'demo' ? ['demo'] : ['init', '--organisation', 'Sample Ltd'];
    const made = JSON.parse(execFileSync(binary, [...command, '--data', data, '--json'], { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) as Made;
    const free = '127.0.0.1:0';
    const child = spawn(binary, ['serve', '--data', data, '--management', free, '--verify', free, '--grpc', free], { env: environment, stdio: 'ignore' });
    const file = join(data, 'listen.json');
    for (let round = 0; !existsSync(file); round += 1) {
      if (round > 300 || child.exitCode !== null) throw new Error('the server did not start');
      await sleep(50);
    }
    const listen = JSON.parse(readFileSync(file, 'utf8')) as { management: string; verification: string };
    const api = `http://${listen.management}`;
    const front = await Server.front(api);
    return new Server(data, made, child, api, `http://${listen.verification}`, front.url, front.close);
  }

  /** With `CONSOLE_PREVIEW=1` the files of `dist`, so that a new console needs no new binary; else the binary's own. */
  private static async front(api: string): Promise<{ url: string; close: () => Promise<void> }> {
    if (process.env.CONSOLE_PREVIEW !== '1') return { url: api, close: async () => undefined };
    process.env.CLAVIGER_URL = api;
    const front = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
    const address = front.httpServer.address();
    if (!address || typeof address === 'string') throw new Error('the preview did not start');
    return { url: `http://127.0.0.1:${address.port}`, close: () => front.close() };
  }

  /** The part of the set-up link that proves. */
  get setupToken(): string {
    return this.made.setup_url.split('/').pop() ?? '';
  }

  /** A call with the management key. */
  async call<Answer = unknown>(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = { Authorization: `Bearer ${this.made.management_key}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${this.api}${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (answer.status === 204 ? undefined : await answer.json()) as Answer;
  }

  /** Changes the policy, and confirms whatever it would touch. */
  async changePolicy(patch: object) {
    const { confirm } = await this.call<{ confirm?: string | null }>('PATCH', '/v1/policy?dry_run=true', patch);
    await this.call('PATCH', `/v1/policy${confirm ? `?confirm=${confirm}` : ''}`, patch);
  }

  /** Makes the first person by the set-up link, and answers their session's cookie. */
  async firstPerson(): Promise<string> {
    const answer = await fetch(`${this.api}/setup/${this.setupToken}`, { method: 'POST', body: new URLSearchParams(person) });
    const cookie = answer.headers.get('set-cookie')?.split(';')[0];
    if (!cookie) throw new Error(`no first person: ${answer.status}`);
    return cookie;
  }

  async stop() {
    await this.close();
    const gone = new Promise((done) => this.process.once('exit', done));
    this.process.kill('SIGTERM');
    await gone;
    rmSync(this.data, { recursive: true, force: true });
  }
}
