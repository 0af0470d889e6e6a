"""Attention that never looks ahead: for networks that write a sequence one step after another."""

from builder.layers.base import REQUIRED, Call, Layer, Param, Shape, ShapeError
from builder.layers.initial import INIT, fill

_HELPER = '''
class CausalSelfAttention(nn.Module):
    """Every step looks at itself and at the steps before it (Vaswani et al. 2017, section 3.2.3).

    x is [batch, time, features].
    """

    def __init__(self, features, heads, dropout=0.0, bias=True):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.qkv = nn.Linear(features, 3 * features, bias=bias)
        self.out = nn.Linear(features, features, bias=bias)

    def forward(self, x):
        batch, time, features = x.shape
        heads = self.qkv(x).view(batch, time, 3, self.heads, features // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        seen = nn.functional.scaled_dot_product_attention(
            query, key, value, dropout_p=dropout, is_causal=True
        )
        return self.out(seen.transpose(1, 2).reshape(batch, time, features))
'''


def _construct(call: Call) -> str:
    parts = [str(call.shapes[0][-1]), str(call.params["num_heads"])]
    if call.params["dropout"]:
        parts.append(f"dropout={call.params['dropout']!r}")
    if not call.params["bias"]:
        parts.append("bias=False")
    return f"CausalSelfAttention({', '.join(parts)})"


def _shape(call: Call) -> tuple[Shape, ...]:
    features, heads = call.shapes[0][-1], call.params["num_heads"]
    if features % heads:
        raise ShapeError(
            "heads",
            f"{features} features cannot be shared out evenly among {heads} heads.",
            width=features,
            heads=heads,
        )
    return (tuple(call.shapes[0]),)


def _count(call: Call) -> tuple[int, str]:
    width = call.shapes[0][-1]
    if call.params["bias"]:
        return 4 * width * width + 4 * width, f"4 × {width}² + 4 × {width}"
    return 4 * width * width, f"4 × {width}²"


def _macs(call: Call, _: tuple[Shape, ...]) -> int:
    steps, width = call.shapes[0]
    return int(4 * steps * width * width + 2 * steps * steps * width)


CAUSAL_ATTENTION = Layer(
    name="CausalSelfAttention",
    family="seq",
    help="Every step looks at itself and the steps before it, never ahead: how a GPT reads.",
    params=(
        Param(
            "num_heads",
            "int",
            REQUIRED,
            "How many ways of looking at once; must divide the features. 4 is a good start.",
            low=1,
            start=4,
        ),
        Param("dropout", "float", 0.0, "Share left out in training. 0, as torch.", low=0, high=1),
        Param("bias", "bool", True, "Add learnt constants. On, as it costs little."),
        *INIT,
    ),
    construct=_construct,
    fill=fill("qkv", "out"),
    shape=_shape,
    ranks=(2,),
    count=_count,
    macs=_macs,
    helper=_HELPER,
    docs="https://arxiv.org/abs/1706.03762",
    keywords=("gpt", "transformer", "decoder", "masked", "language model", "autoregressive"),
)
