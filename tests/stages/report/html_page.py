"""A page as tests read it."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "rect", "line", "circle", "path"}


class HtmlPage(HTMLParser):
    """Collects a page's tags, attributes and text, and checks that every tag is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.inside: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open:
            self.inside.append((self.open[-1], data))

    def parts(self, tag: str) -> list[str]:
        """Return the texts that lie directly in tags of one name."""
        return [data for name, data in self.inside if name == tag]
