"""The directive `made`: a page of the reference, made of what calsync says of itself.

```{made} configuration
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

from extension import configuration, figures, names, routes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docutils.nodes import Node
    from sphinx.application import Sphinx

MADE: Mapping[str, Callable[..., str]] = {
    "configuration": configuration.made,
    "figures": figures.made,
    "names": names.made,
    "promises": names.promises,
    "routes": routes.made,
}


class Made(SphinxDirective):
    """What one of the modules beside this one makes, as Markdown."""

    required_arguments = 1
    optional_arguments = 20

    def run(self) -> list[Node]:
        made = MADE[self.arguments[0]](*self.arguments[1:])
        return self.parse_text_to_nodes(made, allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("made", Made)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
