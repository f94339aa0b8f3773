"""`recon report --to html`: one file, offline, searchable, inert."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
import zlib

import pytest
from click.testing import CliRunner

from recon.cli import group
from tests.report import browser
from tests.report.shop_week import LINK

needs_chromium = pytest.mark.skipif(
    browser.installed() is None, reason="Chromium is not installed: apt-get install chromium"
)


@pytest.fixture(scope="module")
def page(workspace, tmp_path_factory):
    path = tmp_path_factory.mktemp("html") / "night.html"
    options = ["--to", "html", "--lang", "en", "--output", str(path), "--workspace", str(workspace)]
    result = CliRunner().invoke(group, ["report", *options], catch_exceptions=False)
    assert result.exit_code == 0
    return path


class Tags(html.parser.HTMLParser):
    """Collects every tag with its attributes, and which are left open."""

    def __init__(self):
        """Start with nothing found."""
        super().__init__()
        self.found = []
        self.open = []

    def handle_starttag(self, tag, attrs):
        """Note a tag."""
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "input", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Close the tag opened last."""
        assert self.open.pop() == tag


def test_page_refers_to_nothing_outside(page):
    """No tag names an address, the policy forbids every connection, and every tag is closed."""
    text = page.read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert not [
        tag for tag, attributes in tags.found if {"src", "href", "action"} & set(attributes)
    ]
    assert "default-src 'none'" in text
    assert not re.search(r"https?://(?!x\b)", text)


def test_page_holds_the_pictures(page):
    """Flow, ageing, mix, match rate, days to settle and league are drawn as inline SVG."""
    text = page.read_text(encoding="utf-8")
    for title in ("Where the money is", "Ageing", "Cases by reason", "Rows matched", "Days from",
                  "Merchants by cases", "Fees paid", "What breaks share"):  # fmt: skip
        assert title in text
    assert text.count("<svg") >= 6


def test_data_cannot_leave_its_element(page):
    """The data element holds JSON in which no character can end the element or begin a tag."""
    text = page.read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert "<" not in data.group(1)
    facts = json.loads(data.group(1))
    columns = json.loads(zlib.decompress(base64.b64decode(facts["columns"])))
    assert any(str(order).startswith(LINK) for order in columns["order_id"])


def test_the_same_night_gives_the_same_bytes(recon, tmp_path):
    """Two pages of one night are equal, byte for byte."""
    digests = set()
    for name in ("one", "two"):
        path = tmp_path / f"{name}.html"
        recon("report", "--to", "html", "--output", str(path))
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def opened(chrome, page):
    """Open the page and wait until its list is drawn."""
    chrome.open(page)
    chrome.run(browser.LISTED)


@needs_chromium
def test_a_person_searches_sorts_and_opens_a_case_offline(page, tmp_path):
    """Search narrows, a head sorts, a click opens a case; nothing leaves the machine."""
    with browser.Browser(tmp_path / "profile") as chrome:
        opened(chrome, page)
        shown = "document.getElementById('shown').textContent"
        everything = chrome.run(shown)
        assert re.match(r"(\d+) of \1 ", everything)
        chrome.run(
            "(() => { const box = document.getElementById('search'); box.value = 'o0302000005';"
            " box.dispatchEvent(new Event('input')); })()"
        )
        assert chrome.run(shown).startswith("1 of ")
        assert chrome.run("document.getElementById('keys').textContent").startswith("↑ ↓")
        chrome.run("document.querySelector('.row').click()")
        chrome.run("new Promise(done => setTimeout(done, 300))")
        case = chrome.run("document.getElementById('case').innerText")
        assert "MISSING_IN_CHANNEL" in case
        assert "Evidence" in case
        chrome.run(
            "(() => { document.getElementById('case').close();"
            " const box = document.getElementById('search'); box.value = '';"
            " box.dispatchEvent(new Event('input'));"
            " document.querySelectorAll('#head button')[4].click(); })()"
        )
        amounts = chrome.run(
            "Array.from(document.querySelectorAll('.row'), r => r.children[4].textContent)"
        )
        minor = [int(amount.replace(",", "").replace(".", "")) for amount in amounts]
        assert minor == sorted(minor, reverse=True)
        assert [url for url in chrome.requests if not url.startswith("file:")] == []
        assert chrome.messages == []


@needs_chromium
def test_the_list_is_worked_by_keyboard(page, tmp_path):
    """Down and Enter open the second case, right the third, Escape gives the list back."""
    with browser.Browser(tmp_path / "profile") as chrome:
        opened(chrome, page)
        press = (
            "(key => document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
            " {{key, bubbles: true, cancelable: true}})))({!r})"
        )
        case = "document.querySelector('#case .grey')?.textContent"
        cases = chrome.run(
            "Array.from(document.querySelectorAll('.row'), r => r.children[0].textContent)"
        )
        chrome.run("document.getElementById('table').focus()")
        for key in ("ArrowDown", "Enter"):
            chrome.run(press.format(key))
        chrome.run("new Promise(done => setTimeout(done, 200))")
        assert chrome.run("document.getElementById('case').open")
        assert chrome.run(case) == cases[1]
        assert chrome.run("location.hash") == f"#{cases[1]}"
        chrome.run(press.format("ArrowRight"))
        chrome.run("new Promise(done => setTimeout(done, 200))")
        assert chrome.run(case) == cases[2]
        chrome.run("document.getElementById('case').close()")
        assert chrome.run("document.activeElement.id") == "table"
        chrome.run(press.format("/"))
        assert chrome.run("document.activeElement.id") == "search"
        assert chrome.messages == []


@needs_chromium
def test_a_narrow_window_and_a_dark_one_have_no_overflow(page, tmp_path):
    """At 420 pixels the page is as wide as the window; in the dark text is lighter than paper."""
    with browser.Browser(tmp_path / "profile", (420, 900)) as chrome:
        opened(chrome, page)
        assert chrome.run("document.documentElement.scrollWidth <= window.innerWidth")
        feature = {"name": "prefers-color-scheme", "value": "dark"}
        chrome.call("Emulation.setEmulatedMedia", features=[feature])
        light = "getComputedStyle({}).{}.match(/\\d+/g).reduce((all, part) => all + +part, 0)"
        for text in ("document.body", "document.querySelector('#verdict')"):
            assert chrome.run(light.format(text, "color")) > 2 * chrome.run(
                light.format(text, "backgroundColor")
            )


@needs_chromium
def test_hostile_text_stays_text(page, tmp_path):
    """An order number that is a formula or markup is shown as it is."""
    with browser.Browser(tmp_path / "profile") as chrome:
        opened(chrome, page)
        orders = chrome.run(
            "Array.from(document.querySelectorAll('.row'), r => r.children[9].textContent)"
        )
        assert any(order.startswith(LINK) for order in orders)
