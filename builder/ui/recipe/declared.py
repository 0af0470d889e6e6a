"""Every field of a recipe as the page shows it: its words, what it does, why its default is so.

Limits are the recipe's own (builder/project/model.py); a test holds that all its fields are here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "whole", "number", "choice", "text", "nodes", "rates",
    "device", "classes", "optimizer", "graphs", "schedule",
]  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field. `of`: drawn only where the field of that path has a value (a part of it);
    `unless`: not drawn where the field of that path says it for each graph.

    `empty` is what no value means; `only` the kind of project that has the field.
    """

    path: str
    title: str
    kind: Kind
    help: str
    why: str
    remedy: str = ""
    empty: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    of: str = ""
    unless: str = ""
    among: tuple[str, ...] = ()  # values of `of` for which it is drawn
    only: Literal["", "classes", "graphs"] = ""


@dataclass(frozen=True)
class Group:
    """Fields that belong together; the first groups are open, the others folded."""

    title: str
    note: str
    fields: tuple[Field, ...]
    folded: bool = True


SCHEDULES = {
    "constant": "constant",
    "onecycle": "one cycle: up, then down",
    "cosine": "cosine down to zero",
    "linear": "straight down to zero",
    "step": "a tenth every ten epochs",
    "exponential": "a little less each epoch",
    "plateau": "less when validation loss stalls",
}

LONG = Group(
    "How long",
    "",
    (
        Field("epochs", "Epochs", "whole", "How often the network sees every training row.",
              "10 show whether it learns at all.", "Give a whole number from 1 on."),
        Field("batch_size", "Batch size", "whole", "Rows per step.",
              "Left open it follows the rows: 32 below 2,000, 64 below 5,000, else 256.",
              "Give a whole number from 1 on, or leave it empty.", "chosen by rows"),
        Field("early_stopping.patience", "Stop early after", "whole",
              "Epochs without a better figure until the run ends.",
              "Off: the best epoch is kept either way.",
              "Give a whole number from 1 on, or leave it empty.", "never"),
    ),
    folded=False,
)  # fmt: skip
HOW = Group(
    "How it learns",
    "",
    (
        Field("optimizers", "Optimisers of their own", "graphs",
              "A graph may have another optimiser than the rest.",
              "The same for all, unless the template says otherwise.", only="graphs"),
        Field("optimizer", "Optimiser", "optimizer", "How gradients become steps: torch.optim's.",
              "AdamW is the safe choice; SGD with momentum can end better on images.",
              "Leave its arguments as they are; 0.001 is a good start for the rate.",
              unless="optimizers"),
        Field("schedule", "Schedule", "schedule", "How the learning rate moves over the run.",
              "Constant is the plainest; one cycle often reaches the same in fewer epochs.",
              choices=SCHEDULES),
    ),
    folded=False,
)  # fmt: skip
GRADIENTS = Group(
    "Gradients",
    "clipping, accumulation",
    (
        Field("clip_norm", "Clip the norm at", "number",
              "A gradient that is longer than this is shortened to it.",
              "Off: most networks need none; 1 helps recurrent ones.", "Try 1.", "off"),
        Field("clip_value", "Clip each number at", "number",
              "Every number of a gradient is held between minus and plus this.",
              "Off: clipping the norm keeps the direction and is the better first try.",
              "Try 0.5.", "off"),
        Field("accumulate", "Parts of a batch", "whole",
              "A batch is computed in so many parts whose gradients are added up.",
              "1: the memory suffices. 4 needs a quarter of it for the same step.",
              "Give a whole number from 1 on, at most half of the batch."),
    ),
)  # fmt: skip
SOUND = Group(
    "Against overfitting and overconfidence",
    "smoothing, mixing, averages, class weights",
    (
        Field("label_smoothing", "Label smoothing", "number",
              "Asks for a little less than certainty, against overconfidence.",
              "0: probabilities stay comparable; 0.1 is usual on images.",
              "Give a share from 0 to below 1.", only="classes"),
        Field("mix.kind", "Mix rows", "choice",
              "Rows are mixed with one another: blended, or a rectangle cut in.",
              "Off: it helps image networks that train for long.", empty="off",
              choices={"mixup": "mixup: blend", "cutmix": "cutmix: cut a rectangle in",
                       "both": "both in turn"}),
        Field("average.kind", "Averaged weights", "choice",
              "The mean of many steps' weights is validated and kept.",
              "Off: it helps most towards the end of long runs.", empty="off",
              choices={"ema": "EMA: follows each step", "swa": "SWA: mean of epochs"}),
        Field("class_weights", "Class weights", "classes",
              "How much a mistake on each class counts.",
              "Off: balanced pays where a rare class is the one that matters.", only="classes"),
        Field("mix.alpha", "Evenness of the mix", "number",
              "Small: one of both prevails; 1: every share is as likely.",
              "0.2 is the paper's for images.", "Give a number above 0.", of="mix.kind"),
        Field("mix.chance", "Share of batches", "number", "How many batches are mixed.",
              "1: all of them.", "Give a share above 0, up to 1.", of="mix.kind"),
        Field("average.decay", "Decay", "number", "How much of the average each step leaves.",
              "0.999 looks back about a thousand steps.", "Give a number between 0 and 1.",
              of="average.kind", among=("ema",)),
        Field("average.start", "Begins at", "number", "Share of the run after which is averaged.",
              "0.75: the network is nearly there by then.", "Give a share from 0 to below 1.",
              of="average.kind", among=("swa",)),
        Field("average.lr", "Learning rate meanwhile", "number",
              "The rate at which the averaged epochs are trained.",
              "Empty keeps the schedule's.", "Give a number above 0.", "the schedule's",
              of="average.kind", among=("swa",)),
        Field("average.anneal", "Epochs to reach it", "whole",
              "Over how many epochs the rate goes over into that one.",
              "2 keep the change smooth.", "Give a whole number from 0 on.",
              of="average.kind", among=("swa",)),
    ),
)  # fmt: skip
NODES = Group(
    "Node by node",
    "frozen nodes, rates of their own, starting weights",
    (
        Field("freeze", "Frozen nodes", "nodes", "These nodes keep their weights.",
              "None: freeze when you begin with weights that are good already."),
        Field("rates", "Rates of their own", "rates",
              "Multiples of the learning rate for single nodes.",
              "None: 0.1 for early layers keeps what starting weights know."),
        Field("start_from", "Begin with the weights of", "text",
              "A run's id, or the path of a .safetensors file, of the same layers.",
              "Fresh weights: nothing of an older run is carried in unseen.",
              "Choose weights of the same graph, or leave it empty.", "fresh weights"),
    ),
)  # fmt: skip
MACHINE = Group(
    "Machine",
    "device, precision, threads",
    (
        Field("device", "Device", "device", "Where the numbers are crunched.",
              "Automatic takes a CUDA card when there is one.", "Choose auto or cpu."),
        Field("precision", "Precision", "choice", "How many digits the products keep.",
              "float32: the same everywhere. bfloat16 is faster for convolutions on new machines.",
              "Choose float32.",
              choices={"float32": "float32", "tf32": "TF32 (NVIDIA)", "bfloat16": "bfloat16"}),
        Field("threads", "Threads", "whole", "Processor threads of the run.",
              "Empty: one for small networks, else the cores that are free.",
              "Give a whole number from 1 on.", "chosen by the network"),
        Field("compile", "Compile the step", "choice",
              "The whole step is made into one program by torch.compile.",
              "Automatic tries it beside runs of over two minutes and takes it only where it wins; "
              "off: two runs of one seed agree to the last bit.",
              choices={"auto": "automatic", "off": "off", "on": "on"}),
    ),
)  # fmt: skip
KEPT = Group(
    "Chance and what is kept",
    "seed, checkpoints, the figure that decides",
    (
        Field("seed", "Seed", "whole", "The same seed gives the same run on the same device.",
              "0: a run can be repeated without noting anything down.",
              "Give a whole number."),
        Field("keep", "Kept states", "choice", "Which epochs can be evaluated and forked later.",
              "Best and last take little room; every epoch lets you fork from any.",
              choices={"best_and_last": "best and last", "best": "best only",
                       "all": "every epoch"}),
        Field("monitor", "The best epoch has the best", "text",
              "The figure that decides, such as validation_accuracy.",
              "The validation loss moves before the metrics do.", "Name a figure of this run."),
        Field("early_stopping.monitor", "Stopping early watches", "text",
              "The figure that must go on improving.", "The same as for the best epoch.",
              "Name a figure of this run.", of="early_stopping.patience"),
        Field("early_stopping.min_delta", "Least improvement", "number",
              "A smaller gain than this does not count.", "0: every gain counts.",
              "Give a number from 0 on.", of="early_stopping.patience"),
    ),
)  # fmt: skip
GROUPS = (LONG, HOW, GRADIENTS, SOUND, NODES, MACHINE, KEPT)

ARGUMENTS = {
    "lr": "The size of a step. Too high and the loss jumps, too low and nothing moves.",
    "weight_decay": "Pulls weights towards zero, against overfitting.",
    "momentum": "How much of the last steps' direction is kept; 0.9 is usual.",
    "dampening": "How much less a new gradient counts beside the momentum.",
    "nesterov": "Looks one step ahead along the momentum.",
    "betas": "How long the means of gradients and of their squares look back.",
    "eps": "Keeps a division from going through zero.",
    "amsgrad": "Never forgets the largest squares; steadier, sometimes slower.",
    "maximize": "Climbs instead of descending.",
    "decoupled_weight_decay": "Decay apart from the gradient, as AdamW has it.",
    "alpha": "How long the mean of squares looks back.",
    "rho": "How long the mean of squares looks back.",
    "centered": "Takes the gradients' variance in place of their squares.",
    "lr_decay": "How fast the rate falls from step to step.",
    "lambd": "How fast the decay begins.",
    "t0": "The step at which averaging begins.",
    "beta2_decay": "How the mean of squares looks further back over time.",
    "d": "Longer updates are cut to this.",
    "initial_accumulator_value": "What the sum of squares begins with.",
    "momentum_decay": "How the momentum changes over time.",
    "etas": "By how much a step shrinks and grows.",
    "step_sizes": "The smallest and the largest step.",
    "max_iter": "Tries per step.",
    "max_eval": "Looks at the loss per step; empty: a quarter more than the tries.",
    "tolerance_grad": "Ends a step when the gradient is smaller.",
    "tolerance_change": "Ends a step when nothing changes more than this.",
    "history_size": "How many earlier steps are remembered.",
    "line_search_fn": "strong_wolfe searches along the direction; empty takes the full step.",
    "ns_coefficients": "Coefficients of the Newton–Schulz iteration.",
    "ns_steps": "Newton–Schulz iterations per step.",
    "adjust_lr_fn": "original or match_rms_adamw; empty: original.",
}
"""What the arguments of torch's optimisers do, by their names."""


def title(path: str) -> str:
    """What the field of a path is called on the page."""
    of = (one for group in GROUPS for one in group.fields if one.path == path)
    found = next(of, None)
    last = path.rpartition(".")[2].replace("_", " ")
    return found.title if found else {"lr": "Learning rate"}.get(last, last.capitalize())
