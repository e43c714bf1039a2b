// Lists that stay, further verdicts, several at once, offices: in a real browser.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { Office, accessible, at, count, enter, settle } from "./office.mjs";

let office;
before(async () => {
  office = await Office.open();
  const page = await office.seat();
  office.admin = await settle(page, office.first);
  await page.leave();
});
after(async () => { await office?.close(); });

test("a second review is asked for by key and given by somebody else", async () => {
  const [one, two] = [await office.seat(), await office.seat()];
  await enter(one, office.admin);
  await settle(two, office.hire("王工", "reviewer"));
  await one.locator("[data-row]").first().click();
  await one.locator("#held:not([hidden])").waitFor();
  const path = at(one);
  await one.keyboard.press("e");
  await one.keyboard.type("像养老项目，拿不准");
  await Promise.all([one.waitForURL((url) => url.pathname !== path), one.keyboard.press("Control+Enter")]);
  assert.match(await one.locator(".flash").textContent(), /已提请他人复核/);
  // Who asked does not answer.
  await one.goto(path);
  await one.locator(".accept button[value=stay]").click();
  assert.match(await one.locator("[role=alert]").textContent(), /须由另一人/);
  await one.goto("/queue");
  assert.equal(await count(one, 1), 1);
  await two.goto("/queue?state=second-review");
  await two.locator("[data-row]").first().click();
  assert.match(await two.locator("#history").textContent(), /像养老项目，拿不准/);
  await two.locator("#held:not([hidden])").waitFor();
  await two.keyboard.press("1");
  await Promise.all([two.waitForURL("**/queue?state=second-review"), two.keyboard.press("Enter")]);
  assert.equal(await count(two, 1), 0);
  await two.goto(path);
  assert.match(await two.locator(".state").textContent(), /涉嫌违法/);
  await one.leave();
  await two.leave();
});

test("more evidence is asked for, and the finding waits in its own list", async () => {
  const page = await office.seat();
  await enter(page, office.admin);
  await page.locator("[data-row]").first().click();
  const path = at(page);
  await page.locator("#held:not([hidden])").waitFor();
  await page.keyboard.press("8");
  await page.keyboard.type("补采落地页");
  await Promise.all([page.waitForURL((url) => url.pathname !== path), page.keyboard.press("Control+Enter")]);
  await page.goto("/queue?state=needs-evidence");
  assert.equal(await page.locator("[data-row]").first().getAttribute("href"), `${path}?state=needs-evidence`);
  await page.leave();
});

test("several are ticked by key, confirmed, recorded and taken back", async () => {
  const page = await office.seat();
  await enter(page, office.admin);
  const [pending, dismissed] = [await count(page, 0), await count(page, 4)];
  for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
  assert.match(await page.locator("[data-picked]").textContent(), /2/);
  await page.selectOption("#bulk select", "dismiss news");
  await page.click("#bulk button");
  assert.match(await page.locator("main").textContent(), /确认记录 2 条/);
  assert.equal(await page.locator(".row").count(), 2);
  await accessible(page, "bulk");
  await page.click("form[action='/queue/bulk'] button");
  assert.match(await page.locator("[role=status]").textContent(), /完成 2 \/ 2/);
  await accessible(page, "bulk result");
  const look = await office.seat();
  await enter(look, office.admin);
  assert.deepEqual([await count(look, 0), await count(look, 4)], [pending - 2, dismissed + 2]);
  await look.leave();
  await page.click("form[action='/queue/bulk/undo'] button");
  await page.goto("/queue");
  assert.equal(await count(page, 0), pending);
  await page.leave();
});

test("a search is saved as a view and stays with what is opened from it", async () => {
  const page = await office.seat();
  await enter(page, office.admin);
  await page.selectOption("select[name=severity]", "4");
  await page.locator(".more-filters summary").click();
  // An address is known before the rows are: waiting for it also waits for the page.
  await Promise.all([page.waitForURL(/severity=4/), page.click(".filters > button")]);
  const n = await page.locator("[data-row]").count();
  await page.fill(".save input[name=name]", "最严重");
  await Promise.all([page.waitForURL("**/queue?**"), page.click(".save button")]);
  await page.goto("/queue");
  await Promise.all([page.waitForURL(/severity=4/), page.click(".view a")]);
  assert.equal(await page.locator("[data-row]").count(), n);
  await Promise.all([page.waitForURL(/findings\/f-.*severity=4/), page.locator("[data-row]").nth(1).click()]);
  await Promise.all([page.waitForURL(/severity=4/), page.click("a[rel=next]")]);
  await Promise.all([page.waitForURL(/queue\?state=pending&severity=4/), page.click(".crumbs a >> nth=0")]);
  await page.click(".view button");
  await page.waitForFunction(() => document.readyState === "complete" && !document.querySelector(".view"));
  await page.leave();
});

test("an office sees its own findings and those below it", async () => {
  const chief = await office.seat();
  await enter(chief, office.admin);
  const all = await count(chief, 5);
  await chief.goto("/offices");
  for (const [name, id, parent] of [["江州市局", "city", ""], ["东区分局", "east", "city"]]) {
    await chief.fill("form[action='/offices'] input[name=name]", name);
    await chief.fill("form[action='/offices'] input[name=id]", id);
    await chief.selectOption("form[action='/offices'] select", parent);
    await chief.click("form[action='/offices'] button");
    await chief.locator(".flash.good").waitFor();
  }
  const row = chief.locator("form[action='/offices/source']").first();
  await row.locator("select").selectOption("east");
  await row.locator("button").click();
  assert.match(await chief.locator(".flash.good").textContent(), /条未决内容一并转移/);
  await accessible(chief, "offices");
  const east = office.hire("小东", "reviewer");
  office.command("office", "user", "小东", "east");
  const page = await office.seat();
  await settle(page, east);
  const own = await count(page, 5);
  assert.ok(own < all, `${own} of ${all}`);
  const seen = await page.locator("[data-row]").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  await chief.goto("/queue");
  const others = (await chief.locator("[data-row]").evaluateAll((links) => links.map((link) => link.getAttribute("href")))).filter((href) => !seen.includes(href));
  assert.equal((await page.goto(others[0])).status(), 404, "what belongs to another office is not there");
  assert.match(office.command("office", "list"), /东区分局 ← city/);
  await page.leave();
  await chief.leave();
});
