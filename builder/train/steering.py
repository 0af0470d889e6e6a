"""What orders change in a run, between two steps; and what of it a resume must know."""

from collections.abc import Mapping
from typing import Any

from builder.errors import LaminaError
from builder.tasks import options
from builder.train import feeds, orders
from builder.train.plan import Order
from builder.train.rates import Judge, Rates
from builder.train.setup import Setup


class Steering:
    """Applies "set" orders. Each setting either takes hold as a whole or is refused."""

    def __init__(self, setup: Setup, rates: Rates, judge: Judge) -> None:
        self.setup, self.rates, self.judge = setup, rates, judge
        self.decay: float | None = None
        self.frozen: tuple[str, ...] = setup.recipe.freeze
        self.augmenting = True
        self.stop_after_epoch = False
        self.sampling = dict(setup.plan.sampling)  # settings of what is made while it trains

    @property
    def _rows(self) -> feeds.RowFeed | None:
        return self.setup.feed if isinstance(self.setup.feed, feeds.RowFeed) else None

    def set(self, order: Order, step: int, position: float) -> str:
        """Change settings before the step after `step`; gives words for the log.

        Raises LaminaError, and changes nothing, where one of them makes no sense.
        """
        orders.check(order)
        given = {name: order[name] for name in orders.SETTINGS if name in order}
        self._refuse(given)
        said = [getattr(self, f"_set_{name}")(value, position) for name, value in given.items()]
        return f"{'; '.join(said).capitalize()}, from step {step + 1} on."

    def _refuse(self, given: Mapping[str, Any]) -> None:
        rows = self._rows
        if "batch_size" in given:
            if rows is None:
                raise LaminaError(
                    "The task makes its own batches.", place="batch_size", remedy="Fork the run."
                )
            if given["batch_size"] > rows.rows:
                raise LaminaError(
                    f"There are {rows.rows:,} training rows only.",
                    place="batch_size",
                    remedy=f"Choose up to {rows.rows}.",
                )
        augments = rows is not None and rows.augment is not None
        if "augment" in given and not augments and self.setup.mixer is None:
            raise LaminaError(
                "The run has no augmentation.",
                place="augment",
                remedy="Fork it with data.augment or recipe.mix.",
            )
        if "weight_decay" in given:
            for updater in self.setup.updaters.values():
                if not updater.has_decay:
                    raise LaminaError(
                        f"{updater.choice.name} has no weight decay.",
                        place="weight_decay",
                        remedy="Fork the run with AdamW.",
                    )
        if "freeze" in given:
            self.setup.freeze(tuple(given["freeze"]))  # refuses by itself
            self.setup.freeze(self.frozen)

    def _set_lr(self, rate: float, position: float) -> str:
        self.rates.set(float(rate), position)
        return f"the learning rate is {rate:g}"

    def _set_weight_decay(self, decay: float, _: float) -> str:
        self.decay = float(decay)
        for updater in self.setup.updaters.values():
            updater.set_decay(self.decay)
        return f"weight decay is {decay:g}"

    def _set_batch_size(self, size: int, _: float) -> str:
        if self._rows is None:
            raise AssertionError("refused before")
        self._rows.next_size = size
        return f"the batch size is {size} from the next epoch on"

    def _set_augment(self, on: bool, _: float) -> str:
        self.augmenting = on
        if self._rows is not None:
            self._rows.augmenting = on
        if self.setup.mixer is not None:
            self.setup.mixer.on = on
        return f"augmentation is {'on' if on else 'off'}"

    def _set_freeze(self, patterns: list[str], _: float) -> str:
        self.frozen = tuple(patterns)
        self.setup.freeze(self.frozen)
        return f"frozen: {', '.join(self.frozen)}" if self.frozen else "every node learns"

    def _set_patience(self, patience: int | None, _: float) -> str:
        self.judge.patience = patience
        if patience is None:
            return "early stopping is off"
        return f"early stopping waits {patience} epochs"

    def sample(self, order: Order) -> str:
        """Make things with other settings from now on; gives words for the log.

        Raises LaminaError, and changes nothing, for a setting that the task does not know.
        """
        task, wanted = self.setup.plan.task, {**self.sampling, **order.get("settings", {})}
        if not task.sampling():
            raise LaminaError("This network makes nothing.", place="order 'sample'")
        options.complete(task.sampling(), wanted, "sample")
        self.sampling = wanted
        said = ", ".join(f"{name} {value}" for name, value in order.get("settings", {}).items())
        return f"Made with {said}." if said else "Made."

    def after_epoch(self) -> None:
        """What waited for the end of the epoch takes hold."""
        rows = self._rows
        if rows is not None and rows.next_size != rows.batch_size:
            rows.resize(rows.next_size)

    def state(self) -> dict[str, Any]:
        """JSON from which `load` goes on."""
        return {
            "weight_decay": self.decay,
            "freeze": list(self.frozen),
            "augment": self.augmenting,
            "stop_after_epoch": self.stop_after_epoch,
            "sampling": self.sampling,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self.stop_after_epoch = state["stop_after_epoch"]
        self.sampling |= state.get("sampling", {})  # older states know none
        if state["weight_decay"] is not None:
            self._set_weight_decay(state["weight_decay"], 0)
        if tuple(state["freeze"]) != self.frozen:
            self._set_freeze(state["freeze"], 0)
        if not state["augment"]:
            self._set_augment(False, 0)
