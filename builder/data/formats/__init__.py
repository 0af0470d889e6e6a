"""File formats of tables: each gives a grid of cells, or whole columns; the table source types
them."""
