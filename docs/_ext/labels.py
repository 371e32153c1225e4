"""[label] in pages and docstrings becomes a link to the section that derives it."""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform

from proofs_checks.registry import entries

_LABEL = re.compile(r"\[([a-z0-9]+(?:-[a-z0-9]+)*)\]")


class LabelLinks(SphinxTransform):
    """Replace [label] in text by a reference."""

    default_priority = 650

    def apply(self, **kwargs):
        """Every text outside code, links and formulas."""
        for text in list(self.document.findall(nodes.Text)):
            parent = text.parent
            skipped = (nodes.literal, nodes.literal_block, nodes.reference, pending_xref, nodes.math, nodes.raw)
            if parent is None or isinstance(parent, skipped) or not _LABEL.search(text):
                continue
            pieces, place = [], 0
            for match in _LABEL.finditer(text):
                if match[1] not in entries():
                    continue
                pieces += [nodes.Text(text[place : match.start()]), self._link(match[1])]
                place = match.end()
            if pieces:
                parent.replace(text, [*pieces, nodes.Text(text[place:])])

    def _link(self, label):
        link = pending_xref(
            "", refdomain="std", reftype="ref", reftarget=label, refexplicit=True, refwarn=True, refdoc=self.env.docname
        )
        link += nodes.inline(f"[{label}]", f"[{label}]", classes=["xref", "std", "std-ref"])
        return link


def setup(app):
    """Register with Sphinx."""
    app.add_transform(LabelLinks)
    return {"parallel_read_safe": True}
