"""Small components of the pages: each a folder with its Python, its JavaScript and its style."""
