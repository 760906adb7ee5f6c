#!/usr/bin/env python3
"""The live page of a running demo in a headless Chromium: what a person clicks and types, no error
in the console, no request to elsewhere, no text that becomes HTML, readable in both schemes.

usage: page_test.py NEWSMILL [FOLDER FOR SCREENSHOTS]
Exit code 77: there is no Chromium here (Debian's package chromium).
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from browser import Browser, find_chromium

ARTICLE = """Ferry <img src=x onerror=alert(1)> runs again

"It was time," said Anna Keller, the harbour master. "We waited <b>two</b> years."
"""

# Lightness of text against what is behind it, as WCAG counts it: at least 4.5 for small text.
CONTRAST = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = rgb(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || node.disabled || !node.getClientRects().length || node.closest('svg, script, style, .skip')) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(node.nodeName + '.' + node.className + ': ' + node.textContent.slice(0, 40));
  }
  return [...new Set(bad)];
})()"""

UNNAMED = """[...document.querySelectorAll('button, input, textarea, a, summary, [role=img], [role=meter], [role=region]')]
  .filter((node) => !(node.textContent.trim() || node.getAttribute('aria-label') || node.labels && node.labels.length))
  .map((node) => node.outerHTML.slice(0, 80))"""


def start_demo(newsmill, folder):
    demo = subprocess.Popen([newsmill, "demo", "--serve", "--set", "admin.port=0"],
                            stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "XDG_RUNTIME_DIR": folder})
    deadline = time.monotonic() + 120
    for line in demo.stdout:
        if line.startswith("The live page: "):
            return demo, line.split(": ", 1)[1].strip()
        if time.monotonic() > deadline:
            break
    demo.kill()
    sys.exit("the demo has not said where its page is")


def check_content(page):
    page.wait("document.querySelectorAll('#list button').length > 10")
    page.wait("document.querySelector('#state').textContent === 'running'")
    page.wait("document.querySelectorAll('#article mark').length > 0")
    assert page.script("document.querySelectorAll('#flow .box').length") == 5
    assert page.script("document.querySelectorAll('#charts .chart').length") == 4
    assert page.script("document.querySelectorAll('#clusters details').length") > 0
    assert page.script("document.querySelectorAll('#dead .card').length") > 0
    page.wait("[...document.querySelectorAll('.chart .curve')].filter((c) => c.getAttribute('d')).length > 3")
    assert page.script("location.hash") == "", "the token does not stay in the address"
    # What is marked in the text is what the record says, word for word.
    wrong = page.script("""(async () => {
      const answer = await (await fetch('/v1/tap?kind=records&max=100')).json();
      const wrong = [];
      for (const {record} of answer.items) {
        const body = Array.from(record.bodies ? record.bodies[0].value : '');
        for (const quote of record.enrichment.quotes || []) {
          if (body.slice(quote.selector.start, quote.selector.end).join('') !== quote.selector.exact) wrong.push(quote.id);
        }
      }
      return wrong;
    })()""")
    assert wrong == [], wrong


def check_reading(page):
    page.click("#hold")
    page.wait("document.querySelector('#hold').checked")
    page.click("#list li:nth-child(3) button")
    page.wait("document.querySelector('#list li:nth-child(3) button').getAttribute('aria-current') === 'true'")
    title = "document.querySelector('#article h3').textContent"
    assert page.script(title) == page.script(
        "document.querySelector('#list li:nth-child(3) button span').textContent")
    page.key("ArrowDown", 40)
    page.wait("document.querySelector('#list li:nth-child(4) button').getAttribute('aria-current') === 'true'")
    assert page.script("document.activeElement === document.querySelector('#list li:nth-child(4) button')")
    page.click("#clusters summary")
    page.wait("document.querySelector('#clusters details').open")
    marks = page.script("""[...document.querySelectorAll('#article mark')].every((mark) =>
      ['direct', 'mixed', 'indirect', 'transcript'].includes(mark.className))""")
    assert marks


def check_control(page):
    page.click("#pause")
    page.wait("document.querySelector('#state').textContent === 'paused'")
    page.wait("document.querySelector('#pause').textContent === 'Resume'")
    page.click("#pause")
    page.wait("document.querySelector('#state').textContent === 'running'")
    page.click("#dead button")
    page.wait("document.querySelector('#dead-said').textContent.includes('input again')")
    page.click("#try")
    page.type(ARTICLE)
    page.click("#try-form button")
    page.wait("!document.querySelector('#tried').hidden && document.querySelectorAll('#tried mark').length > 0")
    assert page.script("document.querySelectorAll('main img').length") == 0
    assert "Anna Keller" in page.script("document.querySelector('#tried .who').textContent")


def check_without_token(page):
    page.script("sessionStorage.clear()")
    page.call("Page.reload")
    page.wait("document.querySelectorAll('#list button').length > 0")
    page.click("#pause")
    page.wait("document.querySelector('#token-box').open")
    page.wait("document.querySelector('#trouble').textContent.includes('token')")


def check_looks(page, folder):
    for width, height in ((1280, 900), (390, 844)):
        for scheme in ("light", "dark"):
            page.size(width, height, scheme)
            time.sleep(0.6)  # transitions
            bad = page.script(CONTRAST)
            assert bad == [], f"{scheme}, {width}: {bad}"
            wide = page.script("document.documentElement.scrollWidth")
            assert wide <= width, f"{wide} pixels of {width}"
            if folder:
                page.screenshot(folder / f"page-{width}-{scheme}.png")
    page.size(1280, 900, "light")
    assert page.script(UNNAMED) == []
    levels = page.script("[...document.querySelectorAll('h1,h2,h3')].map((h) => +h.nodeName[1])")
    assert levels[0] == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:])), levels


def complaints(page, link):
    """Errors in the console, exceptions, requests to elsewhere."""
    origin = link.split("#")[0]
    for event in page.events:
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            yield str(params["exceptionDetails"])
        if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            yield str(params["args"])
        # A refused request for want of a token is a line in the console as well.
        if method == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            if "401" not in entry["text"]:
                yield str(entry)
        if method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith((origin, "data:", "about:")):
                yield "a request to " + url


def main():
    chromium = find_chromium()
    if chromium is None:
        print("no chromium here (Debian's package chromium): the page is not tested")
        return 77
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    runtime = tempfile.mkdtemp(prefix="newsmill-web-")
    demo, link = start_demo(sys.argv[1], runtime)
    page = None
    try:
        page = Browser(chromium)
        page.size(1280, 900, "light")
        page.call("Page.navigate", url=link)
        check_content(page)
        check_reading(page)
        check_control(page)
        check_looks(page, folder)
        check_without_token(page)
        found = list(complaints(page, link))
        assert found == [], found
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=60) == 0, demo.returncode
        page.wait("!document.querySelector('#trouble').hidden")
    finally:
        demo.kill()
        if page:
            page.close()
        shutil.rmtree(runtime, ignore_errors=True)
    print("the page does what a person asks of it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
