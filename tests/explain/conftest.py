"""Small hand-made models to explain, each with known answers."""

import pytest
import torch
from torch import nn

from builder.data.specs import InputSpec, TargetSpec
from builder.explain import Subject


def vector(names, origins=None, name="table"):
    return InputSpec(
        name=name, form="vector", shape=(len(names),), stored="float32", features=tuple(names),
        origins=tuple(origins or names),
    )  # fmt: skip


def image(channels=1, side=8, **more):
    return InputSpec(
        name="image", form="image", shape=(channels, side, side), stored="uint8", **more
    )


NUMBER = TargetSpec(name="price", kind="number", mean=10.0, std=2.0)
CLASSES = TargetSpec(name="kind", kind="class", classes=("a", "b", "c"))
TWO = TargetSpec(name="kind", kind="class", classes=("no", "yes"))


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture
def linear():
    """price = 10 + 2 · (1·a − 2·b + 0.5·c), standardised."""
    model = nn.Linear(3, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, -2.0, 0.5]]))
        model.bias.zero_()
    background = torch.randn(60, 3)
    return Subject.of(model, {"table": vector("abc")}, NUMBER, {"table": background})


@pytest.fixture
def onehot():
    """Two columns: a number and a category in three one-hot features; two classes."""
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    spec = vector(["age", "sex=f", "sex=m", "sex=x"], ["age", "sex", "sex", "sex"])
    codes = torch.eye(3)[torch.randint(3, (80,))]
    background = torch.cat([torch.randn(80, 1), codes], 1)
    return Subject.of(model, {"table": spec}, TWO, {"table": background})


class Wide(nn.Module):
    """Numbers beside embedded categories, as the wide-and-deep template."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.flat = nn.Flatten()
        self.deep = nn.Linear(3 + 2 * 4, 16)
        self.act = nn.ReLU()
        self.head = nn.Linear(16, 2)

    def forward(self, numbers, codes):
        embedded = self.flat(self.embed(codes))
        return self.head(self.act(self.deep(torch.cat([numbers, embedded], 1))))


@pytest.fixture
def wide():
    """Two inputs; the column "a" stands in both."""
    specs = {
        "numbers": vector("abc", name="numbers"),
        "codes": InputSpec(
            name="codes", form="codes", shape=(2,), stored="int64", features=("town", "a"),
            origins=("town", "a"), cardinality=7,
        ),
    }  # fmt: skip
    background = {
        "numbers": torch.randn(50, 3),
        "codes": torch.stack([torch.randint(0, 4, (50,)), torch.randint(4, 7, (50,))], 1),
    }
    return Subject.of(Wide(), specs, TWO, background)


class Cnn(nn.Module):
    def __init__(self, channels=1, side=8, classes=3):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(6)
        self.relu1 = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 8, 3, padding=1)
        self.relu2 = nn.ReLU()
        self.flat = nn.Flatten()
        self.head = nn.Linear(8 * (side // 2) ** 2, classes)

    def forward(self, image):
        x = self.pool(self.relu1(self.bn1(self.conv1(image))))
        return self.head(self.flat(self.relu2(self.conv2(x))))


@pytest.fixture
def cnn_model():
    return Cnn()


@pytest.fixture
def cnn(cnn_model):
    spec = image(mean=(0.5,), std=(0.25,))
    background = (torch.rand(40, 1, 8, 8) - 0.5) / 0.25
    return Subject.of(cnn_model, {"image": spec}, CLASSES, {"image": background})


class Bag(nn.Module):
    def __init__(self, bag=True):
        super().__init__()
        self.bag = bag
        self.embed = (
            nn.EmbeddingBag(20, 5, mode="mean", padding_idx=0)
            if bag
            else nn.Embedding(20, 5, padding_idx=0)
        )
        self.hidden = nn.Linear(5, 12)
        self.relu = nn.ReLU()
        self.head = nn.Linear(12, 2)

    def forward(self, text):
        x = self.embed(text)
        if not self.bag:
            x = x.amax(1)
        return self.head(self.relu(self.hidden(x)))


def text_subject(model):
    spec = InputSpec(name="text", form="tokens", shape=(6,), stored="int32", cardinality=20)
    background = torch.randint(1, 20, (30, 6))
    background[:, 4:] = 0
    return Subject.of(model, {"text": spec}, TWO, {"text": background})


@pytest.fixture(params=["embedding", "bag"])
def text(request):
    return text_subject(Bag(request.param == "bag"))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 8, batch_first=True)
        self.head = nn.Linear(8, 2)

    def forward(self, series):
        x, _ = self.lstm(series.transpose(1, 2))
        return self.head(x[:, -1])


@pytest.fixture
def series():
    spec = InputSpec(name="series", form="series", shape=(2, 12), stored="float32")
    return Subject.of(Recurrent(), {"series": spec}, TWO, {"series": torch.randn(30, 2, 12)})


@pytest.fixture
def subjects(linear, onehot, wide, cnn, text, series):
    return {
        "linear": linear, "onehot": onehot, "wide": wide, "cnn": cnn, "text": text,
        "series": series,
    }  # fmt: skip
