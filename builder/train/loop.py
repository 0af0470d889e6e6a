"""The loop: steps, epochs, validation, safe points. It yields events and knows no task by name."""

import math
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from builder.errors import LaminaError
from builder.tasks.base import Batch, Feed, Losses, Phase
from builder.train import failures, feeds, health
from builder.train import plan as p
from builder.train.checkpoint import Saved, join, share
from builder.train.optim import Updater, updaters
from builder.train.rates import Judge, Rates
from builder.train.running import Points, Running

NORM_EVERY = 0.05
"""Seconds between measurements of the gradient norm, where clipping does not need it anyway."""
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


class NotFiniteError(Exception):
    """The loss of a step is NaN or infinite."""


class Loop:
    """One run of a plan."""

    def __init__(self, plan: p.Plan) -> None:
        self.plan = plan
        self.recipe = recipe = plan.recipe
        self.choices: dict[str, str] = {}
        torch.set_num_threads(recipe.threads or torch.get_num_threads())
        torch.manual_seed(recipe.seed)
        self.device = torch.device("cpu" if recipe.device == "auto" else recipe.device)
        self.generator = torch.Generator(self.device).manual_seed(recipe.seed)
        self.models = self._place(plan.models)
        self.updaters = updaters(recipe, self.models)
        self.feed = self._feed()
        self.phases = plan.task.phases()
        self.rates = Rates(recipe, self.updaters, self.feed.steps)
        self.judge = Judge(recipe)
        self.points = Points(tuple(phase.name for phase in self.phases))
        self.running = Running(plan.task, plan.target)
        self.probe: health.Probe | None = None
        self.step = self.epoch = self.inside = 0  # steps, epochs, steps of this epoch done
        self.seconds = 0.0  # spent before `self.since`
        self.since = time.perf_counter()
        self.speed = self.norm = math.nan
        self.updates: health.Updates | None = None
        self.ratios: dict[str, float] = {}
        self.stop_after_epoch = False
        self.end: p.Finished | None = None
        self.waiting: deque[p.Order] = deque()
        if plan.resume is not None:
            self._load(plan.resume)

    # Getting ready

    def _place(self, models: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
        parts = [part for model in models.values() for part in model.modules()]
        self.channels_last = any(isinstance(part, CONVOLUTIONS) for part in parts)
        if self.channels_last:
            self.choices["memory_format"] = "channels_last: the graph has convolutions"
        placed = {}
        for name, model in models.items():
            moved = model.to(self.device).train()
            if self.channels_last:
                moved = moved.to(memory_format=torch.channels_last)
            placed[name] = moved
        return placed

    def _rows(self, split: str, *, augmented: bool) -> feeds.Rows:
        found, words = feeds.rows(
            self.plan.data[split],
            self.plan.prepare,
            self.device,
            channels_last=self.channels_last,
            keep_stored=augmented,
        )
        self.choices[f"{split} rows"] = words
        return found

    def _feed(self) -> Feed:
        own = self.plan.task.feed(self.device)
        held_out = self.plan.data.get("validation")
        self.held_out: feeds.Rows | None = None
        if held_out and len(next(iter(held_out.values()))) and self.plan.task.validation():
            self.held_out = self._rows("validation", augmented=False)
        if own is not None:
            return own
        source = self._rows("train", augmented=self.plan.augment is not None)
        size = self.recipe.batch_size or feeds.bounds(len(source), 1)[-1][1]
        return feeds.RowFeed(source, size, self.recipe.seed, self.plan.augment, self.generator)

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.recipe.precision == "bfloat16":
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()

    # The run

    def run(self) -> Iterator[p.Event]:
        """All events from the first step to the last."""
        rows = self.feed.rows
        yield p.Started(
            self.step,
            self.epoch,
            self.recipe.epochs,
            self.feed.steps,
            rows,
            self.points.columns,
            self.choices,
        )
        self.since = now = time.perf_counter()
        self.flush_due = 0.0
        self.norm_due = 0.0
        self.save_due = now + self.plan.save_every
        self.probe_due = math.inf
        if self.plan.health_every and self._size() <= health.LARGEST:
            self.probe_due = now
            self.updates = health.Updates(self.models)
        self.window = (now, self.step)
        while self.epoch < self.recipe.epochs and self.end is None:
            yield from self._steps_of_an_epoch()
            if self.end is None:
                yield from self._end_of_epoch()
        yield from self._flush()
        if self.end is None:
            words = f"All {self.recipe.epochs} epochs are done."
            self.end = p.Finished("finished", words, self.step, self.epoch)
        yield p.Snapshot(self._saved({}, state=True), best=False, urgent=True)
        yield self.end

    def _now(self) -> float:
        """Seconds of training so far, pauses left out."""
        return self.seconds + time.perf_counter() - self.since

    def _steps_of_an_epoch(self) -> Iterator[p.Event]:
        self.feed.begin(self.epoch)
        count, clock, replay = self.feed.steps, time.perf_counter, self.plan.replay
        while self.inside < count:
            if replay and self.step in replay:
                for order in replay[self.step]:
                    yield self._obey(order)
            rate = self.rates.apply(self.step)
            batch: Batch = {}
            try:
                batch = self.feed.batch(self.inside, self.models)
                losses = self._update(batch, measure=clock() >= self.norm_due)
            except NotFiniteError:
                raise self._not_finite(batch, rate) from None
            except (RuntimeError, ValueError, TypeError, IndexError, MemoryError) as error:
                raise self._explained(error) from error
            self.step += 1
            self.inside += 1
            now = clock()
            self.points.add(losses, self.step, self.seconds + now - self.since, rate, self.norm)
            if now >= self.flush_due:
                yield from self._safe_point(batch)
                if self.end is not None:
                    return

    def _update(self, batch: Batch, *, measure: bool) -> tuple[Tensor, ...]:
        """One step: every phase's update. Gives the phases' losses, detached."""
        found = []
        for phase in self.phases:
            active = [self.updaters[name] for name in phase.graphs]
            losses = self._descend(phase, active, batch, measure)
            loss = losses.loss.detach()
            found.append(loss)
        rows = len(next(iter(batch.values())))
        total = found[0] if len(found) == 1 else torch.stack(found).sum()
        self.running.add(losses, total, batch, rows)
        if self.updates is not None:
            self.ratios, self.updates = self.updates.ratios(), None
        return tuple(found)

    def _descend(self, phase: Phase, active: list[Updater], batch: Batch, measure: bool) -> Losses:
        if any(updater.needs_closure for updater in active):
            return self._with_closure(phase, active, batch)
        losses = self._gradients(phase, active, batch)
        self._clip(active, measure)
        for updater in active:
            updater.step()
        return losses

    def _gradients(self, phase: Phase, active: list[Updater], batch: Batch) -> Losses:
        for updater in active:
            updater.zero()
        with self._autocast():
            losses = phase.loss(self.models, batch, self.generator)
        if self.device.type == "cpu" and not math.isfinite(losses.loss.item()):
            raise NotFiniteError
        if len(active) == len(self.models):
            losses.loss.backward()  # type: ignore[no-untyped-call]
        else:
            weights = [weight for updater in active for weight in updater.weights]
            torch.autograd.backward(losses.loss, inputs=weights)
        return losses

    def _with_closure(self, phase: Phase, active: list[Updater], batch: Batch) -> Losses:
        """Optimisers that ask for the loss several times in a step (LBFGS); the first answer is the
        step's loss.
        """
        first: list[Losses] = []

        def closure() -> Tensor:
            losses = self._gradients(phase, active, batch)
            self._clip(active, True)
            first.append(losses)
            return losses.loss

        for updater in active:
            for part in updater.parts:
                part.step(closure)  # type: ignore[arg-type]
        return first[0]

    def _clip(self, active: list[Updater], measure: bool) -> None:
        limit = self.recipe.clip_norm
        if limit is None and not measure:
            return
        grads = [w.grad for updater in active for w in updater.weights if w.grad is not None]
        if limit is not None:
            weights = [weight for updater in active for weight in updater.weights]
            total = torch.nn.utils.clip_grad_norm_(weights, limit)
            if measure:
                self.norm = float(total)
        elif grads:
            self.norm = health.norm(grads)
        if measure:
            self.norm_due = time.perf_counter() + NORM_EVERY

    # Safe points: between two steps

    def _flush(self) -> Iterator[p.Event]:
        now = time.perf_counter()
        began, steps = self.window
        if self.step > steps and now > began:
            rows = sum(self.running.rows[-(self.step - steps) :])
            if rows:
                self.speed = rows / (now - began)
        values = self.points.take(self.speed)
        self.window = (now, self.step)
        if len(values):
            if not math.isfinite(float(values[-1, 2])):
                raise self._not_finite({}, float(values[-1, 3]))
            yield p.Steps(values, self.step, self.epoch, self._now(), self.speed)

    def _safe_point(self, batch: Batch) -> Iterator[p.Event]:
        yield from self._flush()
        began = time.perf_counter()
        self.flush_due = began + self.plan.flush_every
        self.waiting.extend(self.plan.orders())
        yield from self._obey_waiting()
        if self.end is None and began >= self.probe_due:
            yield from self._probe(batch)
        if began >= self.save_due and self.end is None:
            yield p.Snapshot(self._saved({}, state=True), best=False)
            self.save_due = time.perf_counter() + self.plan.save_every
        aside = time.perf_counter() - began
        self.window = (self.window[0] + aside, self.step)

    def _probe(self, batch: Batch) -> Iterator[p.Event]:
        """Node health: first arm, so that the next step measures how far the weights move; then
        look.
        """
        if not self.ratios:
            if self.updates is None:
                self.updates = health.Updates(self.models)
            return
        began = time.perf_counter()
        if self.probe is None:
            self.probe = health.Probe(self.models)
        few = {name: value[: health.PROBE_ROWS] for name, value in batch.items()}
        rows = self.probe.run(self.phases, few, self._autocast, self.ratios)
        self.ratios = {}
        spent = time.perf_counter() - began
        self.probe_due = began + max(self.plan.health_every, 100 * spent)
        yield p.Health(rows, self.step)

    def _size(self) -> int:
        return sum(w.numel() for model in self.models.values() for w in model.parameters())

    def _obey_waiting(self) -> Iterator[p.Event]:
        while self.waiting and self.end is None:
            order = self.waiting.popleft()
            pause = order.get("order") == "pause"
            if pause:
                yield p.Snapshot(self._saved({}, state=True), best=False, urgent=True)
            yield self._obey(order)
            if pause:
                yield from self._pause()

    def _obey(self, order: p.Order) -> p.Ordered:
        """Apply or refuse one order; words for the log."""
        kind, accepted, words = order.get("order"), True, ""
        if kind == "pause":
            words = "Paused."
        elif kind == "stop":
            words = "Stopped by an order."
            self.end = p.Finished("stopped", words, self.step, self.epoch)
        elif kind == "stop_after_epoch":
            self.stop_after_epoch = True
            words = f"Will stop after epoch {self.epoch + 1}."
        elif kind == "set":
            accepted, words = self._set(order)
        elif kind == "resume":
            accepted, words = False, "The run is not paused."
        else:
            accepted, words = False, f"There is no order {kind!r}."
        return p.Ordered(order, self.step, self.epoch, accepted, words)

    def _set(self, order: p.Order) -> tuple[bool, str]:
        rate = order.get("lr")
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < math.inf:
            return False, f"{rate!r} is no learning rate; it must be a number above 0."
        self.rates.set(float(rate), self.step)
        return True, f"The learning rate is {rate:g} from step {self.step + 1} on."

    def _pause(self) -> Iterator[p.Event]:
        """Wait for "resume" or "stop"."""
        self.seconds = self._now()
        paused = True
        while paused and self.end is None:
            yield p.Tick("paused")
            if not self.waiting:
                time.sleep(0.05)
                self.waiting.extend(self.plan.orders())
            while self.waiting and paused and self.end is None:
                order = self.waiting.popleft()
                if order.get("order") == "resume":
                    paused = False
                    yield p.Ordered(order, self.step, self.epoch, True, "Going on.")
                elif order.get("order") == "pause":
                    words = "The run is paused already."
                    yield p.Ordered(order, self.step, self.epoch, False, words)
                else:
                    yield self._obey(order)
        self.since = time.perf_counter()
        self.window = (self.since, self.step)
        self.save_due = self.since + self.plan.save_every

    # The end of an epoch

    def _end_of_epoch(self) -> Iterator[p.Event]:
        yield from self._flush()
        self.epoch += 1
        figures: dict[str, float] = {"epoch": self.epoch, "step": self.step}
        figures |= self.running.figures("train")
        self.running.reset()
        self.inside = 0
        if self.held_out is not None:
            for item in self._validate(self.held_out):
                if isinstance(item, p.Tick | p.Samples):
                    yield item
                else:
                    figures |= item
        figures |= {"time": self._now(), "lr": self.rates.current or self.rates.base}
        best = self.judge.is_best(figures)
        enough = self.judge.enough(figures)
        self.rates.after_epoch(figures)
        yield p.Epoch(figures, best)
        if self.epoch < self.recipe.epochs and self.end is None:
            self._maybe_end(enough)
        due = time.perf_counter() >= self.save_due
        if best or due or self.recipe.keep == "all":
            yield p.Snapshot(self._saved(figures, state=due), best=best)
        if due:
            self.save_due = time.perf_counter() + self.plan.save_every
        self.window = (time.perf_counter(), self.step)

    def _maybe_end(self, enough: bool) -> None:
        if enough and self.recipe.early_stopping is not None:
            early = self.recipe.early_stopping
            words = f"{early.monitor} has not improved for {early.patience} epochs."
            self.end = p.Finished("finished", words, self.step, self.epoch)
        elif self.stop_after_epoch:
            words = f"Stopped after epoch {self.epoch} by an order."
            self.end = p.Finished("stopped", words, self.step, self.epoch)

    def _validate(self, held_out: feeds.Rows) -> Iterator[p.Tick | p.Samples | dict[str, float]]:
        phase = self.plan.task.validation()
        if phase is None:
            return
        gathered = Running(self.plan.task, self.plan.target)
        generator = torch.Generator(self.device).manual_seed(self.recipe.seed)
        size = max(self.recipe.batch_size or 1, 256)
        for model in self.models.values():
            model.eval()
        try:
            due = time.perf_counter() + 0.5
            with torch.no_grad():
                for first, last in feeds.bounds(len(held_out), size):
                    batch = held_out.ready(held_out.stored(torch.arange(first, last)))
                    with self._autocast():
                        losses = phase.loss(self.models, batch, generator)
                    gathered.add(losses, losses.loss.detach(), batch, last - first)
                    if time.perf_counter() >= due:
                        due += 0.5
                        yield p.Tick("validating")
            yield gathered.figures("validation")
            if told := gathered.first(self.plan.watched):
                yield p.Samples(told, self.step, self.epoch)
        except (RuntimeError, ValueError, TypeError, IndexError, MemoryError) as error:
            raise self._explained(error) from error
        finally:
            for model in self.models.values():
                model.train()

    # What a resume needs

    def _saved(self, figures: Mapping[str, float], *, state: bool) -> Saved:
        """Copies of the weights, and with `state` of all else that the next step depends on."""
        parts = {
            name: {key: x.detach().clone() for key, x in model.state_dict().items()}
            for name, model in self.models.items()
        }
        weights = join(parts)
        whole = self.inside == 0
        if not state:
            return Saved(self.step, self.epoch, weights, figures, whole=whole)
        tensors = {"rng": torch.get_rng_state(), "generator": self.generator.get_state()}
        if self.device.type == "cuda":
            tensors["rng_cuda"] = torch.cuda.get_rng_state(self.device)
        plain = {}
        for name, updater in self.updaters.items():
            found, plain[name] = updater.state()
            tensors |= {f"optimizer/{name}/{key}": value for key, value in found.items()}
        tensors |= {f"feed/{key}": value.clone() for key, value in self.feed.state().items()}
        tensors |= {f"running/{key}": value for key, value in self.running.state().items()}
        facts = {
            "inside": self.inside,
            "seconds": self._now(),
            "optimizers": plain,
            "rates": self.rates.state(),
            "judge": self.judge.state(),
            "stop_after_epoch": self.stop_after_epoch,
        }
        return Saved(self.step, self.epoch, weights, figures, tensors, facts, whole)

    def _load(self, saved: Saved) -> None:
        if saved.tensors is None or saved.facts is None:
            raise AssertionError("only a checkpoint with its state can be resumed")
        for name, part in share(saved.weights, tuple(self.models)).items():
            self.models[name].load_state_dict(part)
        tensors, facts = saved.tensors, saved.facts
        for name, updater in self.updaters.items():
            updater.load(_under(tensors, f"optimizer/{name}/"), facts["optimizers"][name])
        self.feed.load(_under(tensors, "feed/"))
        self.running.load(_under(tensors, "running/"), self.device)
        self.rates.load(facts["rates"])
        self.judge.load(facts["judge"])
        self.stop_after_epoch = facts["stop_after_epoch"]
        self.step, self.epoch, self.inside = saved.step, saved.epoch, facts["inside"]
        self.seconds = facts["seconds"]
        torch.set_rng_state(tensors["rng"].cpu())
        if "rng_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng_cuda"].cpu(), self.device)
        self.generator.set_state(tensors["generator"].cpu())

    # Failures

    def _explained(self, error: Exception) -> LaminaError:
        return failures.explain(
            error, step=self.step, batch_size=self.recipe.batch_size or 1, lines=self.plan.lines
        )

    def _not_finite(self, batch: Batch, rate: float) -> LaminaError:
        node, words = health.first_not_finite(self.models, self.phases, batch, self._autocast)
        return failures.not_finite(self.step + (1 if batch else 0), node, words, rate)


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): x for name, x in tensors.items() if name.startswith(prefix)}
