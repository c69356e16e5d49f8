"""The layouts of messages: styles are inlined once, when a template is read.

Statements stand in HTML comments (`<!--% if x %-->`), so that a template is
whole HTML to the inliner, which would move bare ones out of tables. What a
brand colours is `var(--brand)` in the style sheet and a value at rendering.
"""

from collections.abc import Callable
from functools import cache

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from engine.words import FOLDER

_BRAND = {
    "var(--brand)": "{{ page.colours.button }}",
    "var(--on-brand)": "{{ page.colours.on_button }}",
    "var(--brand-edge)": "{{ page.colours.edge }}",
}


class _InliningLoader(FileSystemLoader):
    """Reads a layout with the style sheet already in its elements."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, path, fresh = super().get_source(environment, template)
        return _inlined(source), path, fresh


def html_layout(name: str) -> Template:
    """The layout, compiled; everything put into it is escaped."""
    return _html().get_template(name)


def text_layout(name: str) -> Template:
    return _text().get_template(name)


@cache
def _html() -> Environment:
    return Environment(
        loader=_InliningLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        block_start_string="<!--%",
        block_end_string="%-->",
        comment_start_string="<!--#",
        comment_end_string="#-->",
    )


@cache
def _text() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=False,  # noqa: S701 - plain text is never read as HTML.
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _inlined(source: str) -> str:
    inliner = css_inline.CSSInliner(
        load_remote_stylesheets=False, keep_style_tags=True, extra_css=_style_sheet()
    )
    whole = "<html" in source
    styled = inliner.inline(source) if whole else inliner.inline_fragment(source, _style_sheet())
    styled = styled.replace(' data-css-inline="ignore"', "")
    for variable, value in _BRAND.items():
        styled = styled.replace(variable, value)
    return styled


@cache
def _style_sheet() -> str:
    return (FOLDER / "mail.css").read_text(encoding="utf-8")
