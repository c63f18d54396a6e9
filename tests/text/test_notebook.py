"""A result in a notebook cell: everything that the terminal shows, as HTML."""

from html.parser import HTMLParser

from infersim.text.notebook import html
from tests.text.test_page import CLASS, FULL

VOID = {"br", "img", "hr"}


class Balance(HTMLParser):
    """Collects text, and fails on a tag that is closed out of turn."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def cells(summary) -> list[str]:
    parser = Balance()
    parser.feed(html(summary))
    assert not parser.open
    return parser.text


def test_a_cell_shows_what_the_terminal_shows():
    shown = cells(FULL)
    for text in ("chat", "TTFT", "12.3 ms", "1.50 s", "throughput", "goodput", "cost", "rests on"):
        assert text in shown, text
    assert any(text.startswith("warning: overloaded") for text in shown)
    assert any("llama-3.1-8b" in text for text in shown)


def test_classes_have_a_table_of_their_own():
    assert "offline" in cells(FULL | {"classes": {"chat": CLASS, "offline": CLASS | {"goodput": None}}})


def test_names_cannot_bring_markup_in():
    assert "<script>" in cells(FULL | {"scenario": "<script>"})  # as text: escaped on the way
