"""What the peers in Python give: a run, and its results as a list of arrays."""


def plain(f):
    return f, lambda: as_list(f())


def as_list(x):
    return list(x) if isinstance(x, (tuple, list)) else [x]
