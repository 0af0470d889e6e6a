"""A network as data: frozen graphs, pure edits, structure, and the journal that keeps them."""
