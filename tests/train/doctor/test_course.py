"""A run of any length in few blocks, however its points arrive."""

import json

import numpy as np
import pytest

from builder.train.doctor.course import MOST, Course


def points(count: int) -> np.ndarray:
    values = np.zeros((count, 6), dtype=np.float32)
    values[:, 0] = np.arange(1, count + 1)
    values[:, 2] = 1 / values[:, 0]
    values[:, 3] = 0.01
    values[:, 4] = np.nan
    values[::7, 4] = 2.0
    return values


@pytest.mark.parametrize("count", [1, 5, 64, 65, 129, 1000, 5003])
@pytest.mark.parametrize("portion", [1, 3, 50, 10_000])
def test_blocks_cover_every_step_once(count: int, portion: int) -> None:
    course, values = Course(), points(count)
    for at in range(0, count, portion):
        course.add(values[at : at + portion])
    blocks = course.blocks
    assert len(blocks) <= MOST + 2
    assert sum(block.steps for block in blocks) == count
    assert blocks[-1].step == course.step == count
    mean = sum(block.loss * block.steps for block in blocks) / count
    assert mean == pytest.approx(float(values[:, 2].astype(np.float64).mean()))
    assert max(block.high for block in blocks) == pytest.approx(1.0)
    assert course.first == 1.0
    assert course.rate == pytest.approx(0.01)


def test_portions_make_no_difference() -> None:
    one, many = Course(), Course()
    values = points(700)
    one.add(values)
    for row in values:
        many.add(row[None])
    assert [block.step for block in one.blocks] == [block.step for block in many.blocks]
    for left, right in zip(one.blocks, many.blocks):
        assert left.loss == pytest.approx(right.loss)
        assert left.norm == right.norm


def test_a_course_goes_on_from_its_state() -> None:
    whole, first = Course(), Course()
    values = points(500)
    whole.add(values[:300])
    first.add(values[:300])
    second = Course()
    second.load(json.loads(json.dumps(first.state())))
    whole.add(values[300:])
    second.add(values[300:])
    assert second.blocks == whole.blocks
    assert second.first == whole.first
