import { chromium } from "@playwright/test";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { preview } from "vite";
// e2e/support/server.ts
const person = {
	name: "Ada Sample",
	email: "ada@sample.example",
	password: "plain sample words that are long"
};
/** `CLAVIGER_BIN` names another binary. */
const binary = resolve(process.env.CLAVIGER_BIN ?? "../target/debug/claviger");
const environment = {
	PATH: process.env.PATH,
	HOME: process.env.HOME,
	LANG: "C.UTF-8"
};
// look.mts
const s = await class Server {
	data;
	made;
	process;
	api;
	verification;
	url;
	close;
	constructor(data, made, process, api, verification, url, close) {
		this.data = data;
		this.made = made;
		this.process = process;
		this.api = api;
		this.verification = verification;
		this.url = url;
		this.close = close;
	}
	/** `demo`: with sample data; else an empty installation. */
	static async start(fill = "demo") {
		const data = mkdtempSync(join(tmpdir(), "console-"));
		const made = JSON.parse(execFileSync(binary, [
			...fill === "demo" ? ["demo"] : [
				"init",
				"--organisation",
				"Sample Ltd"
			],
			"--data",
			data,
			"--json"
		], {
			env: environment,
			encoding: "utf8"
		}));
		const free = "127.0.0.1:0";
		const child = spawn(binary, [
			"serve",
			"--data",
			data,
			"--management",
			free,
			"--verify",
			free,
			"--grpc",
			free
		], {
			env: environment,
			stdio: "ignore"
		});
		const file = join(data, "listen.json");
		for (let round = 0; !existsSync(file); round += 1) {
			if (round > 300 || child.exitCode !== null) throw new Error("the server did not start");
			await setTimeout(50);
		}
		const listen = JSON.parse(readFileSync(file, "utf8"));
		const api = `http://${listen.management}`;
		const front = await Server.front(api);
		return new Server(data, made, child, api, `http://${listen.verification}`, front.url, front.close);
	}
	/** With `CONSOLE_PREVIEW=1` the files of `dist`, so that a new console needs no new binary; else the binary's own. */
	static async front(api) {
		if (process.env.CONSOLE_PREVIEW !== "1") return {
			url: api,
			close: async () => void 0
		};
		process.env.CLAVIGER_URL = api;
		const front = await preview({
			preview: {
				port: 0,
				host: "127.0.0.1"
			},
			logLevel: "error"
		});
		const address = front.httpServer.address();
		if (!address || typeof address === "string") throw new Error("the preview did not start");
		return {
			url: `http://127.0.0.1:${address.port}`,
			close: () => front.close()
		};
	}
	/** The part of the set-up link that proves. */
	get setupToken() {
		return this.made.setup_url.split("/").pop() ?? "";
	}
	/** A call with the management key. */
	async call(method, path, body) {
		const headers = {
			Authorization: `Bearer ${this.made.management_key}`,
			"Content-Type": "application/json"
		};
		const answer = await fetch(`${this.api}${path}`, {
			method,
			headers,
			body: body === void 0 ? void 0 : JSON.stringify(body)
		});
		if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
		return answer.status === 204 ? void 0 : await answer.json();
	}
	/** Makes the first person by the set-up link, and answers their session's cookie. */
	async firstPerson() {
		const answer = await fetch(`${this.api}/setup/${this.setupToken}`, {
			method: "POST",
			body: new URLSearchParams(person)
		});
		const cookie = answer.headers.get("set-cookie")?.split(";")[0];
		if (!cookie) throw new Error(`no first person: ${answer.status}`);
		return cookie;
	}
	async stop() {
		await this.close();
		const gone = new Promise((done) => this.process.once("exit", done));
		this.process.kill("SIGTERM");
		await gone;
		rmSync(this.data, {
			recursive: true,
			force: true
		});
	}
}.start();
const cookie = await s.firstPerson();
const b = await chromium.launch({
	executablePath: "/usr/bin/chromium",
	args: ["--no-sandbox"]
});
const c = await b.newContext({ viewport: {
	width: 1280,
	height: 800
} });
const p = await c.newPage();
p.on("console", (m) => {
	if (m.type() === "error" || m.type() === "warning") console.log("CONSOLE", m.text().slice(0, 400));
});
p.on("pageerror", (e) => console.log("PAGEERROR", String(e).slice(0, 400)));
try {
	await p.goto(s.url + "/sign-in");
	await p.waitForTimeout(1500);
	await p.screenshot({ path: "/tmp/l-signin.png" });
	const [n, v] = cookie.split("=");
	await c.addCookies([{
		name: n,
		value: v,
		url: s.url
	}]);
	await p.goto(s.url + "/");
	await p.waitForTimeout(2500);
	await p.screenshot({ path: "/tmp/l-keys.png" });
	await p.emulateMedia({ colorScheme: "dark" });
	await p.waitForTimeout(300);
	await p.screenshot({ path: "/tmp/l-keys-dark.png" });
	await p.keyboard.press("Control+k");
	await p.waitForTimeout(800);
	await p.screenshot({ path: "/tmp/l-palette.png" });
	await p.keyboard.press("Escape");
	await p.setViewportSize({
		width: 360,
		height: 740
	});
	await p.waitForTimeout(400);
	await p.screenshot({ path: "/tmp/l-keys-360.png" });
} finally {
	await b.close();
	await s.stop();
}
export {};
