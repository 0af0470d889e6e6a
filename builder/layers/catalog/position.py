"""Positions: attention sees a set, so each step must be told where it stands."""

from builder.layers.base import Call, Layer, Param, Shape, ShapeError
from builder.layers.declare import same

_LEARNED = '''
class LearnedPositionalEncoding(nn.Module):
    """Adds a learnt vector for each position; x is [batch, time, features]."""

    def __init__(self, length, features):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(length, features))

    def forward(self, x):
        return x + self.weight[: x.shape[1]]
'''

_SINUSOIDAL = '''
class SinusoidalPositionalEncoding(nn.Module):
    """Adds waves of many lengths that mark each position (Vaswani et al. 2017).

    x is [batch, time, features].
    """

    def __init__(self, length, features):
        super().__init__()
        position = torch.arange(length).unsqueeze(1)
        rate = 10000.0 ** (-torch.arange(0, features, 2) / features)
        table = torch.zeros(length, features)
        table[:, 0::2] = torch.sin(position * rate)
        table[:, 1::2] = torch.cos(position * rate)[:, : features // 2]
        self.register_buffer("table", table, persistent=False)

    def forward(self, x):
        return x + self.table[: x.shape[1]]
'''


def _long_enough(call: Call) -> tuple[Shape, ...]:
    length = call.params["length"]
    if length is not None and length < call.shapes[0][0]:
        raise ShapeError(
            "length",
            f"There are positions for {length} steps, but {call.shapes[0][0]} come in.",
            steps=call.shapes[0][0],
        )
    return same(call)


def _size(call: Call) -> str:
    return f"{call.params['length'] or call.shapes[0][0]}, {call.shapes[0][1]}"


def _count(call: Call) -> tuple[int, str]:
    length, features = call.params["length"] or call.shapes[0][0], call.shapes[0][1]
    return length * features, f"{length} × {features}"


_LENGTH = (
    Param(
        "length",
        "int",
        None,
        "Longest sequence there can be. Empty: as long as what comes in.",
        low=1,
        high=10_000_000,
    ),
)

LEARNED = Layer(
    name="LearnedPositionalEncoding",
    family="seq",
    help="Tells each step where it stands, by a learnt vector for each position.",
    params=_LENGTH,
    construct=lambda call: f"LearnedPositionalEncoding({_size(call)})",
    shape=_long_enough,
    ranks=(2,),
    count=_count,
    helper=_LEARNED,
    docs="https://arxiv.org/abs/1810.04805",
    keywords=("position", "transformer", "embedding", "order"),
    lamina=True,
)

SINUSOIDAL = Layer(
    name="SinusoidalPositionalEncoding",
    family="seq",
    help="Tells each step where it stands, by waves of many lengths; nothing is learnt.",
    params=_LENGTH,
    construct=lambda call: f"SinusoidalPositionalEncoding({_size(call)})",
    shape=_long_enough,
    ranks=(2,),
    helper=_SINUSOIDAL,
    docs="https://arxiv.org/abs/1706.03762",
    keywords=("position", "transformer", "sine", "wave", "order"),
    lamina=True,
)
