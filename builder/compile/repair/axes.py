PROPOSERS: dict = {}
