"""report.html in a browser, as a reader has it: no console errors, search and filters, the numbers of report.json."""

import json
import shutil

import pytest

from s3ft import report

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def open_page(run, browser):
    """A page of the report, moved to another folder, in a window of a width; what its console says is an error."""
    report.write(run)
    moved = run / "moved" / "other name.html"
    moved.parent.mkdir()
    shutil.copy(run / "report.html", moved)
    contexts, errors = [], []

    def opened(width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(moved.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def test_search_and_filters_show_the_rows_they_name(open_page):
    page = open_page()
    count, rows = page.locator("#count"), page.locator("#rows details")
    assert (count.inner_text(), rows.count()) == ("7 of 7 rows", 7)
    page.fill("input[type=search]", "QUESTION 3")
    assert count.inner_text() == "1 of 7 rows"
    page.fill("input[type=search]", "")
    page.select_option("select[name=kind]", "rejected")
    assert count.inner_text() == "2 of 7 rows"
    page.select_option("select[name=verdict]", "right")
    assert count.inner_text() == "0 of 7 rows"
    page.select_option("select[name=verdict]", "wrong")
    assert count.inner_text() == "2 of 7 rows"
    rows.first.click()
    assert "so " in rows.first.locator("ins").first.inner_text()
    assert "</script>" in rows.first.inner_text()
    page.select_option("select[name=kind]", "won")
    page.select_option("select[name=recipe]", "sft")
    assert rows.locator("summary").all_inner_texts()[0].startswith("turned right: 01 (sft, test)")


def test_the_tables_and_the_picture_carry_the_numbers_of_report_json(open_page, run):
    page = open_page()
    found = json.loads((run / "report.json").read_text())
    cells = page.locator("table").first.locator("tbody tr").all()
    shown = {row.locator("td").first.inner_text(): row.locator("td").all_inner_texts() for row in cells}
    for name, result in found["recipes"].items():
        for estimate in (result["gain"], result["mean_drop"]):
            mean, low, high = (100 * estimate[k] for k in ("mean", "low", "high"))
            assert f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]" in shown[name]
        assert f"{100 * result['composition']['self']:.0f}" in shown[name]
    figure = page.locator("figure[role=img]").first
    assert figure.get_attribute("aria-label")
    # The points lie in the picture in the order of their numbers.
    gains = {name: result["gain"]["mean"] for name, result in found["recipes"].items()}
    texts = {name: figure.locator("svg").evaluate(_PLACE, name) for name in gains}
    assert texts["s3ft"] < texts["sft"]
    assert gains["s3ft"] > gains["sft"]


_PLACE = """(svg, name) => {
  const walk = document.createTreeWalker(svg, NodeFilter.SHOW_COMMENT);
  while (walk.nextNode())
    if (walk.currentNode.data.trim() === name) return walk.currentNode.parentElement.getBoundingClientRect().y;
}"""
"""Matplotlib draws letters as outlines and names the text in a comment."""


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_nothing_is_wider_than_the_window_and_text_stands_out(open_page, width, scheme):
    page = open_page(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    style = "(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))"
    ink, paper = (sum(map(int, color[4:-1].split(","))) / 3 for color in page.evaluate(style))
    assert abs(ink - paper) > 150
    assert (ink > paper) == (scheme == "dark")


def test_print_has_no_controls_and_cuts_no_table(open_page):
    page = open_page(720)
    page.emulate_media(media="print")
    assert not page.locator("#filter").is_visible()
    wide = "[...document.querySelectorAll('table')].filter(t => t.scrollWidth > document.body.clientWidth).length"
    assert page.evaluate(wide) == 0
    assert page.pdf()[:5] == b"%PDF-"
