"""The orders of learning and forgetting: each phase has the data it should.

Knowledge Swapping compares four orders. What a phase retains depends on what
came before: classes that were learned are retained when others are forgotten
later, and classes that were forgotten are never shown again.
"""
from pathlib import Path

import pytest

from mmswap.apis.plan import plan_phases
from mmswap.class_table import ClassTable
from mmswap.datasets.phase_branches import phase_branches

pytestmark = pytest.mark.slow  # A walk through all of them.

DIGITS = Path(__file__).parents[1] / 'configs' / 'digits'
FIRST = sorted(DIGITS.glob('*_forget-first.py'))
ORDERS = dict(
    LF=('learn', 'forget'),
    FL=('forget-first', 'learn'),
    LFL=('learn', 'forget', 'learn'),
    FLF=('forget-first', 'learn', 'forget'))


def kept(branch):
    """The splits that a branch shows, in a config of one set or of many."""
    splits = set()
    for subset in branch if isinstance(branch, (list, tuple)) else [branch]:
        keep = subset['keep']
        splits.update([keep] if isinstance(keep, str) else keep)
    return splits


def branches_of(dataset):
    """The branches of a SwapDataset, in its config or as it makes them."""
    if 'branches' in dataset:
        return dataset.branches
    return phase_branches(
        dataset.phase, ClassTable.from_cfg(dataset.classes), dataset.old,
        dataset.new, forgotten=dataset.get('forgotten'))


@pytest.mark.parametrize('order', ORDERS)
@pytest.mark.parametrize('first', FIRST, ids=lambda path: path.stem)
def test_each_phase_retains_what_it_should(first, order, tmp_path,
                                           monkeypatch):
    monkeypatch.chdir(DIGITS.parents[1])
    model = first.stem[:-len('_forget-first')]
    configs = [DIGITS / f'{model}_{kind}.py' for kind in ORDERS[order]]
    # The base of a model that is not shipped need not be there.
    base = tmp_path / 'base.pth'
    base.write_bytes(b'weights')
    phases = plan_phases(
        configs, tmp_path, cfg_options=dict(load_from=str(base)))
    learned = False
    for kind, phase in zip(ORDERS[order], phases):
        branches = branches_of(phase.cfg.train_dataloader.dataset)
        target = 'learn' if kind == 'learn' else 'forget'
        assert set(branches) == {'retain', target}
        assert kept(branches[target]) == {target}
        # Learning never shows itself as retained; forgetting after it does.
        wanted = {'retain'}
        if target == 'forget' and learned:
            wanted.add('learn')
        assert kept(branches['retain']) == wanted
        learned = learned or target == 'learn'
        ClassTable.from_cfg(phase.cfg.model.classes)
    assert len({phase.name for phase in phases}) == len(phases)


def test_there_is_a_model_to_order():
    assert FIRST


def test_what_was_forgotten_is_not_shown_as_still_to_be(tmp_path, monkeypatch):
    """The default of a learn phase is for what is forgotten after it."""
    monkeypatch.chdir(DIGITS.parents[1])
    learn, forget = (tmp_path / f'{phase}.py' for phase in ('learn', 'forget'))
    learn.write_text(
        f"_base_ = '{DIGITS}/mask2former_swin-nano_learn.py'\n"
        'train_dataloader = dict(dataset=dict(forgotten=None))\n')
    forget.write_text(f"_base_ = '{DIGITS}/mask2former_swin-nano_forget.py'\n")

    def retained(order):
        phases = plan_phases(order, tmp_path)
        return [kept(branches_of(phase.cfg.train_dataloader.dataset)['retain'])
                for phase in phases]

    assert retained([learn, forget, learn]) == [
        {'retain', 'forget'}, {'retain', 'learn'}, {'retain'}]
    learn.write_text(learn.read_text().replace('None', "'labelled'"))
    with pytest.raises(ValueError, match=r'dataset\.forgotten must be'):
        plan_phases([learn, forget, learn], tmp_path)
