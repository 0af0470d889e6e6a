"""Frameworks that people train with: Lightning, Keras on torch and on JAX, scikit-learn."""

import logging
import os
import warnings
from collections.abc import Callable
from typing import Any

from benchmarks.contest.workloads import HELD_OUT_BATCH, Workload


def lightning(workload: Workload) -> Callable[[], None]:
    """Lightning's Trainer on a TensorDataset, loss and accuracy logged per epoch."""
    import lightning as pl
    import torch
    import torch.nn.functional as F
    from torch.utils.data import DataLoader, TensorDataset
    from torchmetrics.classification import MulticlassAccuracy

    warnings.filterwarnings("ignore")
    for name in ("lightning.pytorch", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = workload.model()
            self.accuracy = MulticlassAccuracy(workload.classes, average="micro")
            self.held_out = MulticlassAccuracy(workload.classes, average="micro")

        def training_step(self, batch: Any, _: int) -> Any:
            x, y = batch
            logits = self.model(x)
            loss = F.cross_entropy(logits, y)
            self.accuracy(logits, y)
            self.log("loss", loss, on_step=False, on_epoch=True)
            self.log("accuracy", self.accuracy, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, _: int) -> None:
            x, y = batch
            logits = self.model(x)
            self.held_out(logits, y)
            self.log("validation_loss", F.cross_entropy(logits, y))
            self.log("validation_accuracy", self.held_out)

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters())

    x, y = workload.data()
    loader = DataLoader(TensorDataset(workload.ready(x), y), workload.batch, shuffle=True)
    held_x, held_y = workload.held_out()
    held_out = DataLoader(TensorDataset(workload.ready(held_x), held_y), HELD_OUT_BATCH)
    module = Module()

    def epoch() -> None:
        trainer = pl.Trainer(
            max_epochs=1,
            num_sanity_val_steps=0,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, loader, held_out)

    return epoch


def keras_torch(workload: Workload) -> Callable[[], None]:
    """Keras' fit on the torch back end."""
    return _keras(workload, "torch")


def keras_jax(workload: Workload) -> Callable[[], None]:
    """Keras' fit on JAX."""
    return _keras(workload, "jax")


def _keras(workload: Workload, backend: str) -> Callable[[], None]:
    os.environ["KERAS_BACKEND"] = backend
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    import keras
    from keras import layers

    def dense(*widths: int) -> list[Any]:
        return [layers.Dense(width, activation="relu") for width in widths]

    inside = {
        "mlp": [layers.Flatten(), *dense(256, 128)],
        "table": dense(128, 64),
        "cnn": [
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            *dense(128),
        ],
    }[workload.name]

    def arrays(x: Any, y: Any) -> tuple[Any, Any]:
        ready = workload.ready(x)
        values = ready.permute(0, 2, 3, 1) if ready.ndim == 4 else ready
        return values.contiguous().numpy(), y.numpy()

    values, codes = arrays(*workload.data())
    held_out = arrays(*workload.held_out())
    model = keras.Sequential(
        [keras.Input(values.shape[1:]), *inside, layers.Dense(workload.classes)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])

    def epoch() -> None:
        model.fit(
            values,
            codes,
            batch_size=workload.batch,
            validation_data=held_out,
            validation_batch_size=HELD_OUT_BATCH,
            verbose=0,
        )

    return epoch


def sklearn(workload: Workload) -> Callable[[], None]:
    """MLPClassifier, one pass over the rows at a time."""
    from sklearn.neural_network import MLPClassifier

    widths = {"mlp": (256, 128), "table": (128, 64)}[workload.name]
    x, y = workload.data()
    values, codes = workload.ready(x).flatten(1).numpy(), y.numpy()
    held_x, held_y = workload.held_out()
    held_values = workload.ready(held_x).flatten(1).numpy()
    model = MLPClassifier(
        widths, batch_size=workload.batch, max_iter=1, warm_start=True, n_iter_no_change=1000
    )
    warnings.filterwarnings("ignore")

    def epoch() -> None:
        model.fit(values, codes)
        model.score(held_values, held_y.numpy())

    return epoch
