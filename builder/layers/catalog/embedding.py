"""Tables that turn codes (words, categories) into learnt vectors."""

from typing import Any

from builder.layers.base import REQUIRED, Call, Param, Shape, ShapeError
from builder.layers.declare import torch_layer
from builder.layers.initial import INIT

_NUM = Param(
    "num_embeddings",
    "int",
    None,
    "How many different codes there are. Empty: the data says (its vocabulary or categories).",
    low=1,
    high=100_000_000,
)
_DIM = Param(
    "embedding_dim",
    "int",
    REQUIRED,
    "How many numbers stand for one code. More can say finer things; no default fits all.",
    low=1,
    high=100_000,
    start=32,
)
_PADDING = Param(
    "padding_idx",
    "int",
    None,
    "A code that means nothing and stays 0 (Lamina pads text with 0). Empty: every code learns.",
    low=0,
)
_MAX_NORM = Param(
    "max_norm", "float", None, "Longest a vector may be. Empty: any length, as is usual.", low=0
)


def _size(call: Call) -> dict[str, Any]:
    wanted, known = call.params["num_embeddings"], call.cardinality
    if wanted is None and not known:
        raise ShapeError(
            "vocabulary",
            "It is not known how many different codes come in; data that is chosen would say so.",
            known=0,
        )
    if wanted is not None and wanted < known:
        raise ShapeError(
            "vocabulary",
            f"The table has {wanted} rows, but {known} different codes come in.",
            known=known,
        )
    size = wanted if wanted is not None else known
    padding = call.params["padding_idx"]
    if padding is not None and padding >= size:
        raise ShapeError(
            "padding_idx", f"Code {padding} does not exist among {size} codes (0 to {size - 1})."
        )
    return {"num_embeddings": size}


def _count(call: Call) -> tuple[int, str]:
    rows, width = call.params["num_embeddings"], call.params["embedding_dim"]
    return rows * width, f"{rows} × {width}"


def _write(name: str) -> Any:
    def construct(call: Call) -> str:
        params = call.params
        parts = [str(params["num_embeddings"]), str(params["embedding_dim"])]
        for param in ("max_norm", "padding_idx"):
            if params[param] is not None:
                parts.append(f"{param}={params[param]!r}")
        if name == "EmbeddingBag" and params["mode"] != "mean":
            parts.append(f'mode="{params["mode"]}"')
        return f"nn.{name}({', '.join(parts)})"

    return construct


def _look_up(call: Call) -> tuple[Shape, ...]:
    return ((*call.shapes[0], call.params["embedding_dim"]),)


EMBEDDING = torch_layer(
    "Embedding",
    "linear",
    "Turns each code (a word, a category) into a learnt list of numbers.",
    (_NUM, _DIM, _PADDING, _MAX_NORM, *INIT),
    infer=_size,
    construct=_write("Embedding"),
    shape=_look_up,
    count=_count,
    dtype_in="int",
    dtype_out="float",
    keywords=("word", "token", "vocabulary", "lookup", "category", "text"),
)

EMBEDDING_BAG = torch_layer(
    "EmbeddingBag",
    "linear",
    "Turns a whole text into one list of numbers: the mean over its words. Fast, hard to beat.",
    (
        _NUM,
        _DIM,
        Param(
            "mode",
            "choice",
            "mean",
            "How the words are put together. Mean does not depend on the length.",
            choices=("mean", "sum", "max"),
        ),
        _PADDING,
        _MAX_NORM,
        *INIT,
    ),
    infer=_size,
    construct=_write("EmbeddingBag"),
    shape=lambda call: ((call.params["embedding_dim"],),),
    ranks=(1,),
    count=_count,
    dtype_in="int",
    dtype_out="float",
    keywords=("bag of words", "text", "mean", "token"),
)
