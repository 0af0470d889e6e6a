"""Mistakes that pydantic and the JSON reader find, in a beginner's words."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

NEEDS: dict[str, tuple[str, str]] = {
    # pydantic's kind of error → what must be there, and what to do
    "int_type": ("a whole number", "Write a number such as 3, without quotes."),
    "int_parsing": ("a whole number", "Write a number such as 3, without quotes."),
    "int_from_float": ("a whole number", "Write a number without a fraction, such as 3."),
    "float_type": ("a number", "Write a number such as 0.5, without quotes."),
    "float_parsing": ("a number", "Write a number such as 0.5, without quotes."),
    "finite_number": ("a finite number", "Write a number that is neither infinite nor NaN."),
    "bool_type": ("true or false", "Write true or false, without quotes."),
    "bool_parsing": ("true or false", "Write true or false, without quotes."),
    "string_type": ("a text", 'Write it in double quotes, such as "this".'),
    "list_type": ("a list", "Write it in brackets, such as [1, 2]."),
    "tuple_type": ("a list", "Write it in brackets, such as [1, 2]."),
    "dict_type": ("a group of keys and values", 'Write it in braces, such as {"key": 1}.'),
    "model_type": ("a group of keys and values", 'Write it in braces, such as {"key": 1}.'),
    "model_attributes_type": (
        "a group of keys and values",
        'Write it in braces, such as {"key": 1}.',
    ),
    "none_required": ("null", "Write null, or take the key out."),
}
LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("above", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("below", "lt"),
}
BRANCH = re.compile(r"(literal|tuple|dict|list|function-\w+|constrained-\w+)\[.*\]", re.DOTALL)
"""How pydantic marks, in a place, which of several allowed forms it tried."""

DEEPEST = 12
"""So many keys of a place are told; what is nested deeper is found from there."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
"""Line breaks, what steers a terminal, and what turns the direction of writing."""

MEANT = {
    # what other tools and people call it (without - and _) → the key of the project file
    "recipe.optimizer.lr": "lr learningrate rate stepsize eta",
    "recipe.optimizer.weight_decay": "weightdecay wd l2 decay regularization",
    "recipe.optimizer.momentum": "momentum",
    "recipe.optimizer.name": "optimiser opt optim",
    "recipe.batch_size": "batch batchsize bs minibatch",
    "recipe.epochs": "epoch numepochs nepochs maxepochs iterations",
    "recipe.schedule.name": "scheduler lrscheduler lrschedule",
    "recipe.schedule.warmup": "warmup warmupsteps",
    "recipe.early_stopping.patience": "patience earlystop",
    "recipe.clip_norm": "clip gradclip gradientclip clipgrad maxgradnorm",
    "recipe.accumulate": "accumulation gradientaccumulation gradaccum",
    "recipe.precision": "amp mixedprecision dtype",
    "recipe.average": "ema swa",
    "recipe.mix": "mixup cutmix",
    "recipe.seed": "randomstate randomseed",
    "recipe.device": "gpu cuda",
    "data.split.validation": "validationsplit valsplit valsize validationsize",
    "data.split.test": "testsize testsplit",
    "graphs.GRAPH.NODE.p": "dropout dropoutrate droprate",
    "graphs.GRAPH.NODE.out_features": "hidden hiddensize units width",
}

PLAIN = re.compile(r"[A-Za-z]+(?=[\s,:;]|$)")
"""A word at the beginning that is no name of a file or field: nothing but letters."""

PLACES = re.compile(
    "batch|bytes|class|columns?|data|edge|export|file|folder|graphs?|import|inputs?|item|key|"
    "launcher|layer|line|method|module|node|objective|order|output|page|place|project|queue|"
    "recipe|record|rows?|runs?|sample|sheet|slice|splits?|steps?|sweep|target|task|template|the|"
    "trial|words?"
)
"""Lamina's own words with which an error's place begins; any other is a name that a person gave."""

SYNTAX = {
    # the JSON reader's message begins so → the fact, and what to do
    "Expecting value": (
        "A value is missing, or is written in a way that JSON does not know",
        "Write a number, a text in double quotes, true, false, null, a list [] or a group {}.",
    ),
    "Expecting property name": (
        "A key in double quotes is missing",
        "Write the key in double quotes, or take out the comma before the closing brace.",
    ),
    "Expecting ',' delimiter": (
        "A comma or a closing bracket is missing",
        "Put a comma between two entries, or close the list or group before it.",
    ),
    "Expecting ':' delimiter": (
        "A colon is missing after a key",
        'Write "key": value.',
    ),
    "Unterminated string": ("A text begins here that does not end", "Close it with a quote."),
    "Invalid control character": (
        "A line break or tab stands inside a text",
        r"Write \n for a line break and \t for a tab, or close the text before it.",
    ),
    "Invalid \\": ("A backslash stands before a letter that makes no sense", r"Write \\ for one."),
    "Extra data": (
        "The text goes on after its end",
        "Take out what stands behind the last closing brace.",
    ),
    "Illegal trailing comma": (
        "A comma stands before a closing bracket",
        "Take the comma out.",
    ),
}


def place(found: Mapping[str, Any]) -> str:
    """Where pydantic found it, as keys: "recipe.optimizer.lr"; empty for the whole."""
    parts = [part for part in map(str, found["loc"]) if not BRANCH.fullmatch(part)]
    return ".".join(parts if len(parts) <= DEEPEST else [*parts[:DEEPEST], "…"])


def sentence(errors: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The first of pydantic's errors as fact and remedy, each a sentence.

    Where a value may have several forms, all of them are named.
    """
    first = errors[0]
    here = place(first)
    found = [_one(error) for error in errors if place(error) == here]
    needs = list(dict.fromkeys(need for need, _ in found if need))
    fact, remedy = found[0]
    if needs:
        fact = f"It must be {' or '.join(needs)}{_given(first)}"
    elif not fact:
        fact, _, remedy = str(first["msg"]).removeprefix("Value error, ").partition("; ")
    if len(needs) > 1:
        remedy = "Write one of these."
    return sentenced(fact), sentenced(remedy)


def meant(key: str) -> str:
    """The project file's key for what other tools call so; empty where none is known."""
    plain = re.sub(r"[-_\s]", "", key).lower()
    return next((path for path, names in MEANT.items() if plain in names.split()), "")


def number(value: float) -> str:
    """A bound or a value as it is told: whole numbers in plain digits with separators (1,000,000),
    others as short as they are.
    """
    if isinstance(value, int):
        return f"{value:,}"
    if abs(value) < 1e16 and value == int(value):  # neither infinite nor NaN
        return f"{int(value):,}"
    return f"{value:g}"


def _one(error: Mapping[str, Any]) -> tuple[str, str]:
    """What must be there, after "It must be", and the remedy; empty where pydantic's words do."""
    kind, facts = error["type"], error.get("ctx") or {}
    if kind in NEEDS:
        return NEEDS[kind]
    if kind in LIMITS:
        words, limit = LIMITS[kind]
        said = f"{words} {number(facts[limit])}"
        return said, f"Write a number that is {said}."
    if kind == "literal_error":
        return str(facts["expected"]), "Write one of these, in double quotes."
    if kind in ("string_too_short", "too_short"):
        least, thing = int(facts["min_length"]), "character" if "string" in kind else "entry"
        many = {"character": "characters", "entry": "entries"}[thing]
        count = f"one {thing}" if least == 1 else f"{least} {many}"
        return f"at least {count} long", f"Write {count} or more."
    if kind in ("string_too_long", "too_long"):
        thing = "characters" if "string" in kind else "entries"
        return (
            f"at most {facts['max_length']} {thing} long",
            f"Leave {facts['max_length']} of them.",
        )
    return "", ""


def _given(error: Mapping[str, Any]) -> str:
    """ "; found 'abc'" where the value is short enough to be shown."""
    given = error.get("input")
    if given is None:
        return "; found null"
    shown = json.dumps(given) if isinstance(given, bool) else repr(given)
    fits = isinstance(given, str | int | float) and str(given) != "" and len(shown) < 90
    return f"; found {shown}" if fits else ""


def sentenced(text: str) -> str:
    """Words as a sentence: a capital letter first, unless a name stands there, and a full stop."""
    if not text:
        return ""
    plain = PLAIN.match(text) is not None
    begun = f"{text[:1].upper()}{text[1:]}" if plain else text  # a file's or field's name stays
    return f"{begun}{'' if text.endswith(('.', '?')) else '.'}"


def one_line(name: str) -> str:
    """A name without line breaks and control characters: each run of them is one blank."""
    return CONTROL.sub(" ", name)


def begun(place: str) -> str:
    """An error's place as the beginning of a sentence: "Run abc", but "unk.json, evil" and
    "data.target" as they are.
    """
    found = PLAIN.match(place)
    own = found is not None and PLACES.fullmatch(found[0]) is not None
    return f"{place[:1].upper()}{place[1:]}" if own else place


def syntax(error: json.JSONDecodeError) -> tuple[str, str]:
    """What is wrong with a JSON text, as fact and remedy."""
    if error.pos >= len(error.doc.rstrip()):
        return "The text ends too early.", "Close every brace, bracket and quote that was opened."
    for begin, (fact, remedy) in SYNTAX.items():
        if error.msg.startswith(begin):
            return f"{fact}.", remedy
    return f"{error.msg}.", "Check the comma, bracket or quote there."


def percent(share: float, places: int = 0) -> str:
    """A share (0 to 1) in per cent: 59 %; with more than `places` decimals where rounding would
    say 0 % or 100 % of what is neither.
    """
    while places < 9 and 0 < share < 1 and float(f"{100 * share:.{places}f}") in (0.0, 100.0):
        places += 1
    return f"{100 * share:.{places}f} %"
