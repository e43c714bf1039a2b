// A reviewer's day in a real browser.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { Office, accessible, at, count, enter, settle } from "./office.mjs";

let office;
before(async () => {
  office = await Office.open();
  // The very first login: the one-time password from the terminal must be changed.
  const page = await office.seat();
  office.admin = await settle(page, office.first);
  await page.leave();
});
after(async () => { await office?.close(); });

test("a day by keyboard only", async () => {
  const page = await office.seat();
  const keys = page.keyboard;
  await page.goto("/");
  // The name field has the focus.
  await keys.type(office.admin.name);
  await keys.press("Tab");
  await keys.type(office.admin.password);
  await Promise.all([page.waitForURL("**/queue"), keys.press("Enter")]);
  const pending = await count(page, 0);
  const [accepted, dismissed] = [await count(page, 3), await count(page, 4)];
  assert.ok(pending > 10, `${pending} wait`);

  await keys.press("?");
  assert.ok(await page.locator("#keys").isVisible(), "the legend opens");
  await keys.press("Escape");

  // Down, down, up: the first but one; Enter opens it.
  for (const key of ["j", "j", "j", "k"]) await keys.press(key);
  const href = await page.evaluate(() => document.activeElement.getAttribute("href"));
  assert.equal(href, await page.locator("[data-row]").nth(1).getAttribute("href"));
  await Promise.all([page.waitForURL(`**${href}`), keys.press("Enter")]);
  await page.locator("#held:not([hidden])").waitFor();
  assert.match(await page.locator("#held").textContent(), /占用至/);

  // 1, Enter: recorded, and on to the next.
  await keys.press("1");
  await Promise.all([page.waitForURL((url) => url.pathname !== href), keys.press("Enter")]);
  const second = at(page);
  assert.match(second, /^\/findings\/f-/);
  assert.match(await page.locator(".flash").textContent(), /已记录：涉嫌违法/);

  // u: taken back, from the next page.
  await Promise.all([page.waitForURL(`**${href}`), keys.press("u")]);
  assert.match(await page.locator(".state").textContent(), /待审/);
  await keys.press("1");
  await Promise.all([page.waitForURL(`**${second}`), keys.press("Enter")]);

  // 3 is a reason for not suspect; 7 is "other", which asks for words first.
  await keys.press("7");
  assert.equal(await page.evaluate(() => document.activeElement.name), "note");
  await keys.type("jk126u 只是文字");
  assert.equal(at(page), second, "keys do nothing while one types");
  await Promise.all([page.waitForURL((url) => url.pathname !== second), keys.press("Control+Enter")]);
  const third = at(page);
  assert.match(await page.locator(".flash").textContent(), /已记录：排除/);

  // While an input method composes, letters belong to it.
  await page.evaluate(() => document.dispatchEvent(new KeyboardEvent("keydown", { key: "u", isComposing: true, bubbles: true })));
  await page.evaluate(() => { const event = new KeyboardEvent("keydown", { key: "u", bubbles: true }); Object.defineProperty(event, "keyCode", { value: 229 }); document.dispatchEvent(event); });
  await page.waitForTimeout(300);
  assert.equal(at(page), third);

  // c: a comment.
  await keys.press("c");
  await keys.type("已电话核实");
  await Promise.all([page.waitForURL("**#history"), keys.press("Control+Enter")]);
  assert.match(await page.locator("#history").textContent(), /已电话核实/);

  // s: passed over, with a reason.
  await keys.press("s");
  await keys.press("Space");
  const skipped = at(page);
  await Promise.all([page.waitForURL((url) => url.pathname !== skipped), keys.press("Enter")]);
  assert.match(await page.locator(".flash").textContent(), /已跳过/);

  // Ctrl-K: go to what was decided; j and k between findings.
  await keys.press("Control+k");
  await keys.type(`${office.base}${href}`);
  await Promise.all([page.waitForURL(`**${href}`), keys.press("Enter")]);
  assert.match(await page.locator(".state").textContent(), /涉嫌违法/);
  await Promise.all([page.waitForURL((url) => url.pathname !== href), keys.press("j")]);

  // /: search.
  await Promise.all([page.waitForURL("**/queue"), keys.press("/")]);
  assert.deepEqual([await count(page, 0), await count(page, 3), await count(page, 4)], [pending - 2, accepted + 1, dismissed + 1]);
  const words = (await page.locator("mark").first().textContent()).slice(0, 2);
  await keys.press("/");
  await keys.type(words);
  await Promise.all([page.waitForURL("**q=**"), keys.press("Enter")]);
  assert.ok(await page.locator("mark").count() > 0);
  await page.leave();
});

test("a day by mouse only, without JavaScript", async () => {
  const page = await office.seat({ javaScriptEnabled: false });
  await enter(page, office.admin);
  await page.locator("[data-row]").first().click();
  const first = at(page);
  await page.locator(".accept button[value=stay]").click();
  assert.equal(at(page), first);
  assert.match(await page.locator(".flash").textContent(), /已记录：涉嫌违法/);
  await page.locator(".undo summary").click();
  await page.locator(".undo form button").click();
  assert.match(await page.locator(".state").textContent(), /待审/);
  await page.locator(".dismiss summary").click();
  await page.locator(".dismiss input[value=news]").check();
  await page.locator(".dismiss button[value=next]").click();
  assert.notEqual(at(page), first);
  await page.locator(".flash button").click();
  assert.equal(at(page), first, "the decision is taken back from the next page");
  await page.locator("a[href^='/captures/']").first().click();
  assert.match(at(page), /^\/captures\//);
  await page.leave();
});

test("two reviewers never decide the same finding unknowingly", async () => {
  const [one, two] = [await office.seat(), await office.seat()];
  await enter(one, office.admin);
  await settle(two, office.hire("王工", "reviewer"));
  await one.locator("[data-row]").first().click();
  await one.locator("#held:not([hidden])").waitFor();
  const path = at(one);
  await two.goto("/queue");
  assert.match(await two.locator(".row").first().textContent(), /admin 审核中/);
  await two.goto(path);
  assert.match(await two.locator("#held").textContent(), /admin 正在审核这一条/);
  // Deciding all the same is refused, and what was typed stays.
  await two.locator(".accept textarea").fill("我的理由");
  await two.locator(".accept button[value=next]").click();
  assert.match(await two.locator("[role=alert]").textContent(), /admin 正在审核这一条/);
  assert.equal(await two.locator(".accept textarea").inputValue(), "我的理由");
  // Taking over is open to see, on the other page too.
  await two.locator("#held button").click();
  await two.locator("#held:not(.other)").waitFor();
  await one.reload();
  assert.match(await one.locator("#held").textContent(), /王工 正在审核这一条/);
  // Pages that stood open while somebody decided do not decide again.
  await two.locator(".accept button[value=stay]").click();
  assert.match(await two.locator(".flash").textContent(), /已记录/);
  await one.locator(".accept button[value=stay]").click();
  assert.match(await one.locator("[role=alert]").textContent(), /王工/);
  // When somebody leaves, the finding is free at once.
  await one.goto("/queue");
  await one.locator("[data-row]").first().click();
  await one.locator("#held:not([hidden])").waitFor();
  const next = at(one);
  await one.goto("/sources");
  await two.goto(next);
  await two.locator("#held:not([hidden])").waitFor();
  assert.match(await two.locator("#held").textContent(), /由您审核中/);
  await one.leave();
  await two.leave();
});

test("roles have their effect: viewer, reviewer, approver, auditor, administrator", async () => {
  const [chief, viewer, approver, auditor] = [await office.seat(), await office.seat(), await office.seat(), await office.seat()];
  await enter(chief, office.admin);
  // The administrator makes an account on the page; the one-time password is shown once.
  await chief.goto("/users");
  await chief.fill("input[name=name]", "看看");
  await chief.selectOption("form[action='/users'] select", "viewer");
  await chief.click("form[action='/users'] button");
  const password = await chief.locator(".flash .secret").textContent();
  await settle(viewer, { name: "看看", password });
  await viewer.locator("[data-row]").first().click();
  assert.equal(await viewer.locator("form[data-decide]").count(), 0);
  assert.equal((await viewer.goto("/users")).status(), 403);
  await settle(approver, office.hire("处长", "approver"));
  await chief.goto("/queue");
  await chief.locator("[data-row]").nth(3).click();
  await chief.locator(".accept button[value=stay]").click();
  await chief.locator(".flash.good").waitFor();
  // An approver takes back what another decided; a reviewer is told that they cannot.
  await approver.goto(at(chief));
  await approver.locator(".undo summary").click();
  await approver.locator(".undo form button").click();
  assert.match(await approver.locator(".state").textContent(), /待审/);
  await settle(auditor, office.hire("审计员", "auditor"));
  await auditor.goto("/audit");
  const audit = await auditor.locator("table").textContent();
  for (const words of ["login", "finding.accept", "finding.undo", "user.add", "finding.take-over", "127.0.0.1"]) assert.ok(audit.includes(words), words);
  await auditor.click("form[action='/audit/verify'] button");
  assert.match(await auditor.locator(".flash.good").textContent(), /审计链完整/);
  const [file] = await Promise.all([auditor.waitForEvent("download"), auditor.click("button[value=csv]")]);
  assert.equal(file.suggestedFilename(), "adwatch-audit.csv");
  for (const page of [chief, viewer, approver, auditor]) await page.leave();
});

test("every page is accessible and fits a phone, in both languages, light and dark", async () => {
  for (const [lang, colorScheme, width] of [["zh", "light", 1280], ["en", "dark", 1280], ["zh", "dark", 390], ["en", "light", 390]]) {
    const page = await office.seat({ colorScheme, viewport: { width, height: 844 } });
    await page.goto(`/login?lang=${lang}`);
    const look = async (what) => {
      await accessible(page, `${what} ${lang} ${colorScheme} ${width}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${what} at ${width} is ${over} pixels too wide`);
      assert.equal(await page.locator("html").getAttribute("lang"), lang === "zh" ? "zh-CN" : "en");
      if (lang === "en") {
        const own = await page.locator("nav, .legend, .tabs, .filters label > span, button, h1").allTextContents();
        // The title of a finding is the advertiser's own.
        if (what !== "finding") assert.ok(!/[\u4e00-\u9fff]/.test(own.join("")), `${what}: ${own.join(" ").match(/.{0,20}[\u4e00-\u9fff]+.{0,20}/)}`);
      }
    };
    await look("login");
    await enter(page, office.admin);
    await look("queue");
    const finding = await page.locator("[data-row]").nth(2).getAttribute("href");
    for (const [what, path] of [["finding", finding], ["sources", "/sources"], ["users", "/users"], ["offices", "/offices"], ["samples", "/samples"], ["statistics", "/statistics"], ["audit", "/audit"], ["account", "/account"], ["failure", "/nothing"]]) {
      await page.goto(path);
      await look(what);
    }
    await page.goto(finding);
    await page.goto(await page.locator("a[href^='/captures/']").first().getAttribute("href"));
    await look("capture");
    await page.leave();
  }
});
