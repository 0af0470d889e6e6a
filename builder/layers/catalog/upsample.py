"""Making pictures larger, and trading channels for pixels."""

from builder.layers.base import REQUIRED, Call, Param, Shape, ShapeError
from builder.layers.declare import literal, per_axis, torch_layer

_RANKS = {"nearest": (2, 3, 4), "nearest-exact": (2, 3, 4), "linear": (2,), "bilinear": (3,),
          "bicubic": (3,), "trilinear": (4,)}  # fmt: skip


def _upsample(call: Call) -> tuple[Shape, ...]:
    shape, params = call.shapes[0], call.params
    if len(shape) not in _RANKS[params["mode"]]:
        fitting = {2: "linear", 3: "bilinear", 4: "trilinear"}[len(shape)]
        raise ShapeError(
            "mode", f"Mode {params['mode']} does not go with {len(shape)} axes.", fitting=fitting
        )
    if (params["size"] is None) == (params["scale_factor"] is None):
        raise ShapeError("one_of", "It needs either a scale_factor or a size, not both or none.")
    if params["size"] is not None:
        return ((shape[0], *per_axis(params["size"], len(shape) - 1, "size")),)
    sizes = tuple(int(size * params["scale_factor"]) for size in shape[1:])
    if min(sizes) < 1:
        raise ShapeError("one_of", "With this scale_factor nothing would be left.")
    return ((shape[0], *sizes),)


def _construct(call: Call) -> str:
    params = call.params
    parts = [f"{n}={literal(params[n])}" for n in ("size", "scale_factor") if params[n] is not None]
    if params["mode"] != "nearest":
        parts.append(f'mode="{params["mode"]}"')
    return f"nn.Upsample({', '.join(parts)})"


UPSAMPLE = torch_layer(
    "Upsample",
    "pool",
    "Makes the picture larger by repeating or blending pixels; nothing is learnt.",
    (
        Param("size", "size", None, "Exact size. Empty: scale_factor decides.", low=1, high=10_000),
        Param(
            "scale_factor",
            "float",
            None,
            "How many times larger; 2 doubles each side. Empty: size decides.",
            low=0.01,
            high=1000,
            start=2.0,
        ),
        Param(
            "mode",
            "choice",
            "nearest",
            "How to fill in. nearest repeats and is fastest; bilinear blends pictures.",
            choices=tuple(_RANKS),
        ),
    ),
    construct=_construct,
    shape=_upsample,
    ranks=(2, 3, 4),
    keywords=("resize", "enlarge", "interpolate", "decoder"),
)


def _shuffle(call: Call) -> tuple[Shape, ...]:
    factor, (channels, height, width) = call.params["upscale_factor"], call.shapes[0]
    if channels % factor**2:
        raise ShapeError(
            "divisible",
            f"{channels} channels cannot be laid out as {factor}×{factor} pixels each.",
            size=channels,
            by=factor**2,
            axis=0,
        )
    return ((channels // factor**2, height * factor, width * factor),)


PIXEL_SHUFFLE = torch_layer(
    "PixelShuffle",
    "pool",
    "Lays groups of channels out as finer pixels: fewer channels, a larger picture.",
    (
        Param(
            "upscale_factor",
            "int",
            REQUIRED,
            "How many times larger; 2 takes 4 channels for one. No default in torch.",
            low=1,
            high=1000,
            start=2,
        ),
    ),
    shape=_shuffle,
    ranks=(3,),
    keywords=("super-resolution", "subpixel", "depth to space"),
)


def _unshuffle(call: Call) -> tuple[Shape, ...]:
    factor, (channels, height, width) = call.params["downscale_factor"], call.shapes[0]
    for index, size in enumerate((height, width), 1):
        if size % factor:
            raise ShapeError(
                "divisible",
                f"{size} pixels cannot be shared out among blocks of {factor}.",
                size=size,
                by=factor,
                axis=index,
            )
    return ((channels * factor**2, height // factor, width // factor),)


PIXEL_UNSHUFFLE = torch_layer(
    "PixelUnshuffle",
    "pool",
    "Stacks blocks of pixels as channels: a smaller picture with nothing lost.",
    (
        Param(
            "downscale_factor",
            "int",
            REQUIRED,
            "How many times smaller; 2 makes 4 channels of one. No default in torch.",
            low=1,
            high=1000,
            start=2,
        ),
    ),
    shape=_unshuffle,
    ranks=(3,),
    keywords=("space to depth", "patches"),
)


def _channel_shuffle(call: Call) -> tuple[Shape, ...]:
    groups, channels = call.params["groups"], call.shapes[0][0]
    if channels % groups:
        raise ShapeError(
            "num_groups",
            f"{channels} channels cannot be shared out evenly among {groups} groups.",
            channels=channels,
            groups=groups,
        )
    return (tuple(call.shapes[0]),)


CHANNEL_SHUFFLE = torch_layer(
    "ChannelShuffle",
    "pool",
    "Mixes the channels of different groups, so that grouped convolutions exchange what they know.",
    (Param("groups", "int", REQUIRED, "How many groups; must divide the channels.", 1, start=2),),
    shape=_channel_shuffle,
    ranks=(3,),
    keywords=("shufflenet", "groups"),
)
