"""The dashboard in Chromium: a person logs in, votes, sees bars move, by keyboard, on a phone, in the dark, without scripts."""

import contextlib
import json
import time

from browser import link, port_of, request
from chromium import ENTER, PHONE, TAB, chromium, find
from program import Workspace
from steered import control, map_run
from tap import Skip, check, check_equal, run, test

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
LOOK = 'local sfn = require "sfn" return sfn.describe_map_run { mapRunArn = (...).arn }'
MARKUP = "<img src=x onerror='document.title=1'><script>document.title=2</script>"
PAGES = ("/", "/runs", "/approvals", "/schedules", "/schedules/nightly", "/hooks", "/audit")

# Text whose colour is too near to what is behind it (WCAG 2: 4.5, of large text 3).
PALE = """
function light(c) {
	const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function parts(colour) { return colour.match(/[\\d.]+/g).map(Number); }
function ground(e) {
	for (; e; e = e.parentElement) {
		const c = parts(getComputedStyle(e).backgroundColor);
		if (c.length < 4 || c[3] > 0.99) return c.slice(0, 3);
	}
	return [255, 255, 255];
}
const found = [];
for (const e of document.querySelectorAll("body *")) {
	const words = [...e.childNodes].filter((n) => n.nodeType === 3 && n.data.trim()).map((n) => n.data.trim());
	const box = e.getBoundingClientRect();
	if (!words.length || box.width < 2 || box.right < 0) continue;
	const style = getComputedStyle(e), size = parseFloat(style.fontSize);
	const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
	const [a, b] = [light(parts(style.color).slice(0, 3)), light(ground(e))].sort((x, y) => y - x);
	const ratio = (a + 0.05) / (b + 0.05);
	if (ratio < (large ? 3 : 4.5)) found.push(words[0] + " " + ratio.toFixed(2));
}
return found;
"""

# What a screen reader would miss.
UNNAMED = """
const found = [];
for (const e of document.querySelectorAll("input:not([type=hidden]), select, progress, textarea"))
	if (!e.labels.length || !e.labels[0].textContent.trim()) found.push("no label: " + e.outerHTML);
for (const e of document.querySelectorAll("table"))
	if (!e.caption || [...e.querySelectorAll("th")].some((t) => !t.scope)) found.push("a table: " + e.outerHTML.slice(0, 200));
for (const e of document.querySelectorAll("a, button"))
	if (!e.textContent.trim()) found.push("no name: " + e.outerHTML);
for (const e of document.querySelectorAll("img:not([alt])")) found.push("no alt: " + e.outerHTML);
const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
if (new Set(ids).size !== ids.length) found.push("an id is there twice: " + ids);
if (document.querySelectorAll("main").length !== 1 || document.querySelectorAll("h1").length !== 1) found.push("main, h1");
if (!document.documentElement.lang || !document.title) found.push("language, title");
return found;
"""


class World:
    """A serve on an engine of its own, and a browser; of all tests."""
    work = window = url = base = hooks = None
    missing = ""  # why there is no browser


@contextlib.contextmanager
def world():
    try:
        find()
    except Skip as skip:
        World.missing = str(skip)
        yield
        return
    with Workspace() as work, work.engine() as (_, url):
        work.write("idle.lua", "return 1\n")
        work.write("asks.lua", 'approve { subject = "redrive 1,204 orders" } return "redriven"\n')
        work.configure(url, f"""[admin]
address = 127.0.0.1:0

[listen]
address = 127.0.0.1:0

[hook orders]
path = /hooks/orders
auth = key
header = X-Key
secret_file = {work.write("key", "a secret")}
runbook = {work.path("asks.lua")}

[schedule nightly]
cron = 15 2 * * *
tz = Europe/Berlin
runbook = {work.path("idle.lua")}
""")
        with work.serve(**KEYS) as (_, said), chromium(work.dir) as window:
            World.work, World.window, World.url = work, window, url
            World.hooks = port_of(said, "hooks are received")
            yield


def log_in():
    """The window, at the overview."""
    if World.missing:
        raise Skip(World.missing)
    window = World.window
    window.open(link(World.work))
    window.wait("return document.title.startsWith('Overview')")
    World.base = window.run("return location.origin")
    return window


def nothing_was_complained_of():
    """By the browser: broken policies, errors of scripts."""
    check_equal(World.window.console(), [], "what the pages write to the console")


def ask():
    """A run that waits for an approval, which is on the page the window is at."""
    answer, text = request(World.hooks, "/hooks/orders", "POST", "{}", {"X-Key": "a secret"})
    check_equal(answer.status, 202, f"a delivery: {text}")
    until = time.monotonic() + 30
    World.window.open(World.base + "/approvals")
    while not World.window.run("return !!document.querySelector('button[value=approve]')"):
        check(time.monotonic() < until, "it asks")
        World.window.open(World.base + "/approvals")
    return json.loads(text)["run_id"]


def fits_a_phone(window):
    window.tell("Emulation.setDeviceMetricsOverride", **PHONE)
    wide, path = window.run("return [document.documentElement.scrollWidth, location.pathname]")
    window.tell("Emulation.clearDeviceMetricsOverride")
    check(wide <= PHONE["width"], f"{path} is {wide} wide on a phone")


@test
def every_page_is_for_everybody():
    window, work = log_in(), World.work
    work.run(f"error [==[{MARKUP}]==]", "--reason", MARKUP, "-i", f"a={MARKUP}", **KEYS)
    run_id = ask()
    check_equal(request(World.hooks, "/" + "hook" * 400, "POST", "{}")[0].status, 404, "a delivery to nowhere")
    check_equal(window.run("return document.cookie"), "", "no script sees the cookie")
    window.open(World.base + "/runs?state=failed")
    failed = window.run("return document.querySelector('tbody a').pathname")
    for path in (*PAGES, f"/runs/{run_id}", failed):
        window.open(World.base + path)
        check_equal(window.run(UNNAMED), [], path)
        check(window.run("return document.title.endsWith('runbook')"), f"markup is text on {path}")
        for scheme in ("light", "dark"):
            window.prefer(scheme)
            check_equal(window.run(PALE), [], f"pale text in {scheme} on {path}")
        fits_a_phone(window)
    nothing_was_complained_of()


@test
def by_keyboard_alone():
    window = log_in()
    window.press(TAB)
    check_equal(window.run("return document.activeElement.textContent"), "Skip to the content", "the first stop")
    check(window.run("return document.activeElement.getBoundingClientRect().left >= 0"), "which is seen then")
    window.press(ENTER)
    check_equal(window.run("return location.hash"), "#main", "behind it")
    ask()
    stops = []
    while not stops or stops[-1] != "Approve":
        window.press(TAB)
        stops.append(window.run("return document.activeElement.textContent.trim().slice(0, 20)"))
        check(len(stops) < 40, f"the button is among {stops}")
    check_equal(window.run("return getComputedStyle(document.activeElement).outlineStyle"), "solid", "the focus is seen")
    run_id = window.run("return document.activeElement.form.elements.run.value")
    window.press(ENTER)
    window.wait("return document.body.innerText.includes('You have approved it')")
    window.open(f"{World.base}/runs/{run_id}")
    text = window.run("return document.body.innerText")
    check("redrive 1,204 orders" in text and "Approved by" in text, f"the run says so: {text}")
    window.click(".who button")
    window.wait("return document.title.startsWith('Log in')")
    nothing_was_complained_of()


@test
def bars_move_without_loading_again():
    window, arn = log_in(), map_run(World.url, {"Type": "Succeed"})

    def look():
        ended = World.work.run(LOOK, "-i", f"arn={arn}", **KEYS)
        check_equal(ended.status, 0, f"a look\n{ended}")

    window.wait("return document.getElementById('live').textContent === 'live'")
    window.run("window.still = true")
    look()
    window.wait("const p = document.querySelector('.bars progress'); return p && p.max === 10 && p.value === 0")
    control(World.url, advance="61s")
    look()
    window.wait("return document.querySelector('.bars progress').value === 2")
    check("2 of 10" in window.run("return document.querySelector('.bars .words').textContent"), "words")
    control(World.url, advance="10m")
    look()
    window.wait("return document.getElementById('news').textContent.startsWith('Map Run SUCCEEDED, 100 %')")
    check(window.run("return window.still"), "it is the same page")
    check_equal(window.run(UNNAMED), [], "for screen readers")
    fits_a_phone(window)
    window.tell("Emulation.setScriptExecutionDisabled", value=True)
    window.open(World.base + "/")
    window.tell("Emulation.setScriptExecutionDisabled", value=False)
    check_equal(window.run("return document.querySelector('.bars progress').value"), 10, "without scripts")
    nothing_was_complained_of()


run(world)
