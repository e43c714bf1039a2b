// Campaigns, parties, pictures and masked contact points, in a real browser.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { Office, accessible, enter, settle } from "./office.mjs";

let office;
before(async () => {
  office = await Office.open();
  const page = await office.seat();
  office.admin = await settle(page, office.first);
  await page.leave();
});
after(async () => { await office?.close(); });

/** Keeps a picture of the page where somebody wants to look at it. */
const keep = (page, name) => process.env.ADWATCH_PICTURES ? page.screenshot({ path: `${process.env.ADWATCH_PICTURES}/${name}.png`, fullPage: true }) : null;

test("a campaign says why its ads belong together, in both languages and at phone width", async () => {
  const page = await office.seat();
  await enter(page, office.admin);
  for (const lang of ["en", "zh"]) {
    await page.goto("/campaigns");
    await page.locator(`.who a[hreflang^=${lang}]`).click();
    await page.goto("/campaigns");
    await accessible(page, `campaigns in ${lang}`);
    await keep(page, `campaigns-${lang}`);
    await page.locator("tbody a").first().click();
    assert.ok(await page.locator(".timeline li").count() > 1, "a campaign has ads");
    assert.match(await page.locator("#content").textContent(), /\*\*\*\*|127\.0\.0\.1|\w/);
    await accessible(page, `a campaign in ${lang}`);
    await keep(page, `campaign-${lang}`);
    await page.goto("/parties");
    await accessible(page, `parties in ${lang}`);
    await keep(page, `parties-${lang}`);
    await page.locator("tbody a").first().click();
    await accessible(page, `a party in ${lang}`);
    await keep(page, `party-${lang}`);
  }
  await page.setViewportSize({ width: 390, height: 800 });
  for (const path of ["/campaigns", "/parties"]) {
    await page.goto(path);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${path} is ${wide} pixels too wide for a phone`);
  }
  await page.leave();
});

test("contact points are masked until a reviewer says why", async () => {
  const page = await office.seat();
  await enter(page, office.admin);
  await page.goto("/queue");
  const paths = await page.locator("[data-row]").evaluateAll((rows) => rows.map((row) => row.getAttribute("href")));
  for (const path of paths) {
    await page.goto(path);
    if (await page.locator("#contacts form").count() && /\*\*\*\*/.test(await page.locator("#contacts").textContent())) break;
  }
  await accessible(page, "a finding with contacts");
  await keep(page, "finding-zh");
  await page.fill("#contacts input[name=why]", "核实举报电话");
  await page.click("#contacts form button");
  assert.doesNotMatch(await page.locator("#contacts").textContent(), /\*\*\*\*/);
  await accessible(page, "a finding with contacts in full");
  await keep(page, "finding-revealed-zh");
  await page.goto("/audit?action=contact.reveal");
  assert.match(await page.locator("tbody").textContent(), /核实举报电话/);
  await page.leave();
});
