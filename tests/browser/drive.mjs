// Drives one Chromium for the tests: a job per line of JSON on standard input, an answer per line on standard output.
// Jobs run side by side. A job names a session; the pages of one session share its cache, its storage and its window.
// A page is left when its job is done, unless the job is to stay.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 20_000;
const TALLEST = 6_000;
const OWN = [
  '[data-testid="stMetricValue"]',
  '[data-testid="stDataFrame"] canvas',
  '[data-testid="stVegaLiteChart"] canvas',
  '[data-testid="stVegaLiteChart"] svg',
  '[data-testid="stTable"] td',
  '[data-testid="stPlotlyChart"] svg',
  '[data-testid="stDateInput"]', // a page that is a form
].join(", ");
const LOOK = "#first-look dd[data-figure]"; // what the server sends with the document

// Runs in every page before its own scripts. Notes when the first real figure, table or chart can be seen, when the
// first of Streamlit's own can, which answers to its reader, and when the page came to rest for the first time since
// something was asked of it (it stirs again every other second by itself).
function watch({ own, look }) {
  const STALE = '[data-stale="true"]';
  const STILL_MS = 3_000;
  const seen = (part) => {
    const box = part.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && !part.closest(STALE);
  };
  const house = { since: 0, title: "", contentAt: null, ownAt: null, calmAt: null, parts: 0, grewAt: 0 };
  const here = () => (document.querySelector('[data-testid="stMain"] h1')?.innerText ?? "").startsWith(house.title);
  // On a busy machine the next renewal begins before the last one ends; then it is enough that nothing comes any more.
  const calm = () => {
    const app = document.querySelector('[data-testid="stApp"]');
    const parts = document.querySelectorAll('[data-testid="stElementContainer"]').length;
    if (parts !== house.parts) Object.assign(house, { parts, grewAt: performance.now() });
    const idle = app?.getAttribute("data-test-script-state") === "notRunning" && !document.querySelector(STALE);
    const still = performance.now() - house.grewAt > STILL_MS;
    const charts = [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')];
    const drawn = !document.querySelector('[data-testid="stSkeleton"]') && charts.every((one) => one.querySelector("canvas, svg"));
    return !document.getElementById("first-look") && parts > 0 && here() && drawn && (idle || still);
  };
  const note = (what, selectors) => {
    if (house[what] === null && here() && [...document.querySelectorAll(selectors)].some(seen)) {
      house[what] = 0; // a frame later it is painted
      requestAnimationFrame(() => (house[what] = performance.now() - house.since));
    }
  };
  const check = () => {
    note("contentAt", `${own}, ${look}`);
    note("ownAt", own);
    if (house.calmAt === null && calm()) house.calmAt = performance.now() - house.since;
  };
  house.restart = (title) => Object.assign(house, { since: performance.now(), title, contentAt: null, ownAt: null, calmAt: null });
  house.check = check;
  window.house = house;
  new MutationObserver(check).observe(document, { childList: true, subtree: true, attributes: true });
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-background-networking",
    "--disable-component-update",
  ],
});
const sessions = new Map();

const local = (address) => {
  const url = new URL(address);
  return ["data:", "blob:", "about:"].includes(url.protocol) || url.hostname === "127.0.0.1";
};

async function session(job) {
  const known = sessions.get(job.session);
  if (known) return known;
  const context = await browser.newContext({
    viewport: { width: job.width, height: job.height },
    colorScheme: job.theme,
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "Europe/Athens",
    acceptDownloads: true,
  });
  await context.addInitScript(watch, { own: OWN, look: LOOK });
  const page = await context.newPage();
  const made = { context, page, errors: [], offsite: [] };
  page.on("console", (said) => {
    if (said.type() === "error") made.errors.push(`${said.text()} ${new URL(said.location().url, "http://127.0.0.1").pathname}`);
  });
  page.on("pageerror", (error) => made.errors.push(String(error)));
  page.on("request", (asked) => local(asked.url()) || made.offsite.push(asked.url()));
  page.on("websocket", (socket) => local(socket.url()) || made.offsite.push(socket.url()));
  sessions.set(job.session, made);
  return made;
}

const when = async (page, what) => {
  const options = { timeout: PATIENCE_MS, polling: "raf" };
  const found = await page.waitForFunction((what) => (window.house?.check(), window.house?.[what]), what, options);
  return found.jsonValue();
};

async function settled(page) {
  await when(page, "calmAt");
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
}

// From here on the page is waited for anew.
const stir = (page, title = "") => page.evaluate((title) => window.house.restart(title), title);

const of = (page, step) => {
  const within = step.within ? page.locator(step.within) : page;
  if (step.selector) return within.locator(step.selector).first();
  if (step.label) return within.getByLabel(step.label, { exact: true }).first();
  if (step.text) return within.getByText(step.text).filter({ visible: true }).first();
  return within.getByRole(step.role, { name: step.name, exact: true }).first();
};

const focused = (page, kind) =>
  page.evaluate((kind) => {
    const part = document.activeElement;
    if (!part?.matches(kind)) return "";
    const label = part.labels?.[0]?.innerText ?? part.getAttribute("aria-label") ?? part.innerText;
    return label.replaceAll(/\s+/g, " ").trim();
  }, kind);

const steps = {
  open: async ({ page }, step) => {
    await page.goto(step.url, { waitUntil: "commit" });
  },
  // As if the page's scripts never came.
  without: async ({ context }, step) => context.route(step.pattern, (route) => route.abort()),
  content: async ({ page }) => when(page, "contentAt"),
  own: async ({ page }) => when(page, "ownAt"),
  settle: async ({ page }) => settled(page),
  // To another page by its link; the figures, tables and charts of the page left behind do not count.
  go: async ({ page }, step) => {
    await stir(page, step.title);
    await of(page, { role: "link", name: step.title }).click();
    return when(page, "contentAt");
  },
  click: async ({ page }, step) => {
    await stir(page);
    await of(page, step).click({ timeout: PATIENCE_MS, position: step.position });
  },
  fill: async ({ page }, step) => of(page, step).fill(step.value, { timeout: PATIENCE_MS }),
  press: async ({ page }, step) => {
    await stir(page);
    await page.keyboard.press(step.key);
  },
  type: async ({ page }, step) => page.keyboard.type(step.value),
  // Tab until what is named has the focus, as somebody without a mouse would; the number of tabs.
  tab: async ({ page }, step) => {
    for (let n = 1; n <= step.most; n += 1) {
      await page.keyboard.press(step.back ? "Shift+Tab" : "Tab");
      if ((await focused(page, step.kind)).includes(step.name)) return n;
    }
    throw new Error(`${step.most} tabs did not reach ${step.name}; the focus is on "${await focused(page, "*")}"`);
  },
  see: async ({ page }, step) => {
    await of(page, step).waitFor({ state: step.gone ? "hidden" : "visible", timeout: step.within_ms ?? PATIENCE_MS });
  },
  text: async ({ page }, step) => of(page, step).innerText({ timeout: PATIENCE_MS }),
  links: async ({ page }) =>
    page.locator('[data-testid="stHeader"]').getByRole("link").evaluateAll((links) => links.map((link) => [link.innerText.trim(), link.pathname])),
  address: async ({ page }) => page.url(),
  download: async ({ page }, step) => {
    const [file] = await Promise.all([page.waitForEvent("download", { timeout: PATIENCE_MS }), of(page, step).click()]);
    await file.saveAs(step.path);
    return file.suggestedFilename();
  },
  // By how many pixels the page is wider than the window, and what sticks out of it.
  overflow: async ({ page }) =>
    page.evaluate(() => {
      const main = document.querySelector('[data-testid="stMain"]') ?? document.documentElement;
      const boxes = [document.documentElement, main];
      return Math.max(...boxes.map((box) => box.scrollWidth - box.clientWidth));
    }),
  axe: async ({ page }) => {
    // What is being renewed fades for a moment; its colours are not those that are read.
    await page.addStyleTag({ content: '[data-stale] {opacity: 1 !important; transition: none !important}' });
    await page.evaluate(AXE);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    return found.violations.flatMap((rule) =>
      rule.nodes.map((node) => ({
        rule: rule.id,
        impact: node.impact,
        target: node.target.flat().join(" "),
        html: node.html.slice(0, 200),
        help: node.any[0]?.message ?? rule.help,
      })),
    );
  },
  // The whole page, as high as it is.
  screenshot: async ({ page }, step) => {
    const window = page.viewportSize();
    const height = await page.evaluate(() => {
      const main = document.querySelector('[data-testid="stMain"]');
      return main ? main.scrollHeight + main.getBoundingClientRect().top : document.body.scrollHeight;
    });
    await page.setViewportSize({ ...window, height: Math.min(TALLEST, Math.max(window.height, Math.ceil(height))) });
    await page.waitForTimeout(250); // tables and charts are drawn on canvases a few frames after their size is known
    await page.screenshot({ path: step.path });
    await page.setViewportSize(window);
  },
  close: async ({ context }, step, job) => {
    sessions.delete(job.session);
    await context.close();
  },
};

async function perform(job) {
  const began = await session(job);
  const found = {};
  let failed = "";
  try {
    for (const step of job.steps) {
      const value = await steps[step.do](began, step, job);
      if (value !== undefined) found[step.as ?? step.do] = value;
    }
  } catch (error) {
    failed = String(error.message ?? error);
    await began.page.screenshot({ path: job.failure }).catch(() => undefined);
  }
  if (sessions.has(job.session)) {
    const broken = await began.page.locator('[data-testid="stException"]').count();
    if (broken) began.errors.push(`${broken} parts of the page ended with an error that nobody told in words`);
    // A page that nobody looks at would go on renewing itself; its cache stays with the session.
    if (!job.stay) await began.page.goto("about:blank").catch(() => undefined);
  }
  const errors = began.errors.splice(0);
  const offsite = began.offsite.splice(0);
  return { id: job.id, found, errors, offsite, failed };
}

const running = new Set();
for await (const line of createInterface({ input: process.stdin })) {
  const work = perform(JSON.parse(line)).then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
  running.add(work);
  work.finally(() => running.delete(work));
}
await Promise.all(running);
await browser.close();
