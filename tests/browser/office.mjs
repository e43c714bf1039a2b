// An office for browser tests: the real binary with the demo's findings, and people who work in it.
import { spawn, spawnSync, execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import readline from "node:readline";
import assert from "node:assert/strict";

const require = createRequire(join(process.env.ADWATCH_BROWSER_TOOLS, "index.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** One data folder with the demo's findings, served until `close`. */
export class Office {
  static async open() {
    const office = new Office();
    office.folder = mkdtempSync(join(tmpdir(), "adwatch-browser-"));
    office.data = join(office.folder, "data");
    // Exit code 1 says that something was found.
    assert.ok(spawnSync(process.env.ADWATCH_BINARY, ["--data", office.data, "demo", "--no-serve"]).status <= 1, "the demo failed");
    office.server = spawn(process.env.ADWATCH_BINARY, ["--data", office.data, "serve", "--no-worker", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
    const said = {};
    for await (const line of readline.createInterface({ input: office.server.stdout })) {
      const last = line.trim().split(/\s+/).at(-1);
      if (line.startsWith("审核页面")) said.base = last;
      if (line.startsWith("用户名")) said.name = last;
      if (line.startsWith("一次性口令")) { said.password = last; break; }
    }
    office.base = said.base.replace(/\/$/, "");
    office.first = { name: said.name, password: said.password };
    office.browser = await chromium.launch({
      executablePath: process.env.ADWATCH_CHROMIUM,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    return office;
  }

  /** Runs a command of the binary on the same data and gives what it printed. */
  command(...words) {
    return execFileSync(process.env.ADWATCH_BINARY, ["--data", this.data, ...words], { encoding: "utf8" });
  }

  /** Makes an account and gives its one-time password. */
  hire(name, role) {
    const line = this.command("user", "add", name, "--role", role).split("\n").find((line) => line.startsWith("一次性口令"));
    return { name, password: line.trim().split(/\s+/).at(-1) };
  }

  /** A person at a browser; errors and refusals of the security policy on any page fail the test at `leave`. */
  async seat(options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, baseURL: this.base, ...options });
    const page = await context.newPage();
    const wrong = [];
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("console", (message) => { if (message.type() === "error" && !/status of (4\d\d)/.test(message.text())) wrong.push(message.text()); });
    page.on("request", (request) => { if (!request.url().startsWith(this.base) && !request.url().startsWith("data:")) wrong.push(`left the office: ${request.url()}`); });
    page.leave = async () => { await context.close(); assert.deepEqual(wrong, []); };
    return page;
  }

  async close() {
    await this.browser?.close();
    this.server.kill("SIGTERM");
    await new Promise((done) => this.server.once("exit", done));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Logs in with the mouse-free basics: fill, Enter. */
export async function enter(page, { name, password }) {
  await page.goto("/login");
  await page.fill("#name", name);
  await page.fill("#password", password);
  await Promise.all([page.waitForURL((url) => url.pathname !== "/login"), page.keyboard.press("Enter")]);
}

/** First login: the one-time password must be changed; gives the account with its own password. */
export async function settle(page, account) {
  await enter(page, account);
  assert.equal(new URL(page.url()).pathname, "/account");
  const own = "一句只有自己记得的话";
  await page.fill("input[name=old]", account.password);
  await page.fill("input[name=new]", own);
  await page.fill("input[name=repeat]", own);
  await Promise.all([page.waitForURL("**/queue"), page.click("form[action='/account/password'] button")]);
  return { ...account, password: own };
}

/** Fails when axe finds anything against WCAG 2.2 A or AA, or its good practices. */
export async function accessible(page, what) {
  // Evaluated through the debugger, which the page's security policy does not bind.
  await page.evaluate(`(() => { ${axe} ; window.axe = window.axe || axe; })()`);
  const { violations } = await page.evaluate(() => window.axe.run());
  const shown = violations.map((violation) => `${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
  assert.deepEqual(shown, [], `${what} is not accessible`);
}

/** The number on a tab of the queue: 0 pending, 1 second review, 2 needs evidence, 3 accepted, 4 dismissed, 5 all. */
export async function count(page, tab) {
  return Number(await page.locator(".tabs .count").nth(tab).textContent());
}

export const at = (page) => new URL(page.url()).pathname;
