"""Write text with this folder and torch alone: `python write.py "Once"` (see README.md)."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import model as network  # type: ignore[import-not-found]
import torch
from torch import nn

from builder.data.runtime.picking import pick
from builder.data.runtime.tokens import SPECIAL, Tokens
from builder.export.portable import weights

HERE = Path(__file__).resolve().parent


def load(folder: Path = HERE) -> tuple[nn.Module, Tokens]:
    """The network of the folder in eval mode, and what turns text to codes and back."""
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    settings = json.loads((folder / "preparation.json").read_text(encoding="utf-8"))
    model: nn.Module = getattr(network, facts["class"])()
    model.load_state_dict(weights.read(folder / "weights.safetensors"))
    return model.eval(), Tokens(settings["inputs"][facts["inputs"][0]])


def write(
    model: nn.Module,
    tokens: Tokens,
    prompt: str,
    length: int,
    options: Mapping[str, Any],
    seed: int,
) -> str:
    """Text that goes on from the prompt; `options` are temperature, top_k and top_p."""
    generator = torch.Generator().manual_seed(seed)
    known = [code for code in tokens.encode(prompt or "\n") if code >= SPECIAL] or [SPECIAL]
    codes_T = torch.tensor(known)
    with torch.no_grad():
        for _ in range(length):
            scores_V = model(codes_T[None, -tokens.max_length :])[0, -1].float()
            scores_V[:SPECIAL] = -torch.inf
            codes_T = torch.cat([codes_T, pick(scores_V, options, generator)])
    return tokens.restore(codes_T[len(known) :])


def main() -> int:
    """Read the arguments, write, print."""
    parser = argparse.ArgumentParser(description="Write with the exported network.")
    parser.add_argument("prompt", nargs="?", default="", help="the text to go on from")
    parser.add_argument("--length", type=int, default=300, help="how many tokens")
    parser.add_argument("--temperature", type=float, default=0.8, help="0: always the likeliest")
    parser.add_argument("--top-k", type=int, default=0, help="only the k likeliest; 0: all")
    parser.add_argument("--top-p", type=float, default=1.0, help="only the likeliest p; 1: all")
    parser.add_argument("--seed", type=int, default=0, help="the same again for the same seed")
    chosen = vars(parser.parse_args())
    if chosen["length"] < 1 or chosen["temperature"] < 0 or not 0 < chosen["top_p"] <= 1:
        print("Error: length from 1, temperature from 0, top-p above 0 up to 1.", file=sys.stderr)
        return 1
    model, tokens = load()
    made = write(model, tokens, chosen["prompt"], chosen["length"], chosen, chosen["seed"])
    print(chosen["prompt"] + made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
