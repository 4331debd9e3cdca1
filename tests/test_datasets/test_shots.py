import logging
from collections import Counter
from types import SimpleNamespace

import pytest

from mmswap.class_table import ClassTable
from mmswap.datasets import shots as shots_module
from mmswap.datasets.shots import choose_images, choose_shots, log_shots


def test_each_label_gets_its_shots():
    held = {index: {index % 3} for index in range(30)}
    chosen = choose_shots(held, [0, 1, 2], shots=4, seed=0)
    for label, images in chosen.items():
        assert len(set(images)) == 4
        assert {index % 3 for index in images} == {label}


def test_the_seed_decides_not_the_order_of_the_images():
    held = {index: {0} for index in range(50)}
    backwards = dict(reversed(list(held.items())))
    first = choose_shots(held, [0], shots=5, seed=1)
    assert choose_shots(backwards, [0], shots=5, seed=1) == first
    assert choose_shots(held, [0], shots=5, seed=2) != first


@pytest.mark.parametrize('seed', range(5))
def test_an_image_counts_for_each_label_it_holds(seed):
    held = {0: {0, 1}, 1: {1}, 2: {1}, 3: {1}}
    chosen = choose_shots(held, [0, 1], shots=1, seed=seed)
    assert chosen == {0: [0], 1: [0]}


def test_all_images_where_there_are_fewer():
    chosen = choose_shots({3: {0}, 7: {0}}, [0, 1], shots=5, seed=0)
    assert sorted(chosen[0]) == [3, 7]
    assert chosen[1] == []


@pytest.mark.parametrize('images, fraction, count', [
    (30, .1, 3), (30, 1 / 3, 10), (7, 1, 7), (3, .01, 1), (0, .5, 0)])
def test_a_fraction_is_a_share_and_at_least_one(images, fraction, count):
    held = range(5, 5 + images)
    chosen = choose_images(held, float(fraction), seed=0)
    assert len(chosen) == count and chosen == sorted(set(chosen) & set(held))


def test_a_fraction_is_drawn_from_all():
    """Over the seeds each image is chosen as often as any other."""
    counts = Counter(i for seed in range(400)
                     for i in choose_images(range(10), .3, seed))
    assert set(counts) == set(range(10))
    # 120 each, with a standard deviation of 9.
    assert all(80 < count < 160 for count in counts.values())


@pytest.mark.parametrize('shots, short', [(1, None), (2, 'cat, owl')])
def test_log_names_the_images(monkeypatch, shots, short):
    logged = {}

    def log(text, level=logging.INFO, **kwargs):
        logged[level] = text

    monkeypatch.setattr(shots_module, 'print_log', log)
    dataset = SimpleNamespace(
        ann_file='ann.json', get_data_info=lambda i: dict(img_id=70 + i))
    table = ClassTable(['cat', 'cow'], ['owl'])
    log_shots(dataset, table, {0: [1], 2: [5]}, shots)
    assert logged.pop(logging.INFO) == (
        f"ClassSubset chose {shots} images per class of 'ann.json': "
        "{'cat': [71], 'owl': [75]}")
    if short:
        assert logged.pop(logging.WARNING).endswith(f'of {short}')
    assert not logged
