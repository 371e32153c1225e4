"""The built site: links, equations and labels, offline. Build it first: README, "The site"."""

import html
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build" / "html"
PAGES = sorted((ROOT / "docs" / "derivations").glob("*.md"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# no network, no services of the browser's own
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=30000",
    "--dump-dom",
)

pytestmark = pytest.mark.skipif(not SITE.exists(), reason=f"no site at {SITE}: build it as the README says")


def page_html(page):
    return (SITE / page.relative_to(ROOT / "docs").with_suffix(".html")).read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_load_nothing_from_a_network(page):
    text = page_html(page)
    assert not re.findall(r"<(?:script|img|iframe)[^>]*src=\"(?:https?:)?//", text)
    assert not re.findall(r"<link[^>]*rel=\"(?:stylesheet|preload)\"[^>]*href=\"(?:https?:)?//", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_figures_are_pictures_and_every_card_opens_on_its_proof(page):
    """A figure that was made without pyplot is shown as its name alone."""
    text = page_html(page)
    assert "Figure size" not in text
    assert text.count("The proof in code") == len(re.findall(r"^```\{ledger\} ", page.read_text(), re.M))


def test_labels_of_functions_lead_to_their_derivation():
    text = (SITE / "api" / "laws.html").read_text()
    assert re.search(r'href="\.\./derivations/comb_transition\.html#debye-waller"', text)


def test_a_card_leads_to_function_proof_and_experiment():
    text = (SITE / "derivations" / "comb_transition.html").read_text()
    card = text[text.index("status-proved") :]
    assert 'href="../api/laws.html#theory.laws.order_parameter_even"' in card
    assert 'href="../phase_diagram.html"' in card
    assert "debye_waller" in card
    assert "_modules/theory/laws/even.html" in (SITE / "api" / "laws.html").read_text()


@pytest.mark.parametrize("page", [page for page in PAGES if "$$" in page.read_text()], ids=lambda page: page.stem)
def test_equations_are_shown_without_a_network(page, tmp_path):
    """In headless Chromium: as many typeset formulas as there are formulas in the page, none of them an error."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed, so equations were not counted")
    formulas = len(re.findall(r'<(?:div|span) class="math notranslate nohighlight"', page_html(page)))
    target = SITE / page.relative_to(ROOT / "docs").with_suffix(".html")
    command = [browser, *FLAGS, f"--user-data-dir={tmp_path}", target.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert formulas > 5
    assert len(re.findall(r"<mjx-container", shown)) >= formulas
    shown = re.sub(r"<(script|style|pre|mjx-assistive-mml).*?</\1>", "", shown, flags=re.S)
    assert "mjx-merror" not in shown
    assert not re.findall(r"\\\(.*?\\\)", html.unescape(shown)), "formulas were left as they were typed"
