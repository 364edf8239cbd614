// Opens /docs in a browser, signs in with a key, and asks for the keys: all from this server, without an error.
// Usage: node docs.mjs <server> <key> <picture>; playwright-core is looked for beside NODE_PATH, the browser in CHROMIUM.
import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chromium } = createRequire(join(process.env.NODE_PATH, "/"))("playwright-core");
const [server, key, picture] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "claviger-docs-"));
const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", ...quiet],
  viewport: { width: 1280, height: 900 },
});
const faults = [];
const check = (what, holds) => holds || faults.push(what);
try {
  for (const way of ["bearer", "key"]) {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => faults.push(`page: ${error}`));
    page.on("request", (request) => {
      const url = request.url();
      check(`asked elsewhere: ${url}`, url.startsWith(server) || url.startsWith("data:") || url.startsWith("blob:"));
    });
    await page.goto(`${server}/docs`);
    await page.locator("#operations-keys-list_keys").waitFor();
    await page.getByRole("button", { name: "Authorize" }).first().click();
    const scheme = page.locator(".auth-container").filter({ has: page.locator("h4", { hasText: new RegExp(`^${way}`) }) });
    await scheme.locator("input").fill(key);
    await scheme.getByRole("button", { name: "Apply credentials" }).click();
    await page.locator(".btn-done").first().click();
    const operation = page.locator("#operations-keys-list_keys");
    await operation.locator(".opblock-summary-control").click();
    await operation.getByRole("button", { name: "Try it out" }).click();
    await operation.getByRole("button", { name: "Execute" }).click();
    const answer = operation.locator(".live-responses-table .response");
    await answer.waitFor();
    const text = await answer.innerText();
    check(`${way}: GET /v1/keys answered ${text.slice(0, 400)}`, text.startsWith("200") && text.includes('"items"'));
    if (picture) await page.screenshot({ path: picture });
    await page.close();
  }
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
