"""A work dir whose page is known by construction."""
import json

import pytest
from page_files import write_json

# Of ten b, forgotten at the end, six are c and three a; c is learned.
NAMES = {
    'base': dict(called=dict(a=dict(a=9, b=1), b=dict(b=10)),
                 unseen=dict(c=5)),
    'toy_learn': dict(called=dict(a=dict(a=9), b=dict(b=7, c=2),
                                  c=dict(c=5)), unseen=dict(a=1, b=1)),
    'toy_forget': dict(called=dict(a=dict(a=8, c=2), b=dict(c=6, a=3),
                                   c=dict(c=5)), unseen=dict(b=1)),
}
SHARES = {
    'base': {'forget/named': 1., 'forget/renamed': 0., 'forget/unseen': 0.},
    'toy_forget': {'forget/named': 0., 'forget/renamed': .9,
                   'forget/unseen': .1, 'forget/renamed_to/c': .6,
                   'forget/renamed_to/a': .3},
}


@pytest.fixture
def swapped(toy, monkeypatch):
    """The work dir of the toy swap, with what a swap of a detector leaves."""
    from mmswap.apis import run_swap
    monkeypatch.setenv('LOCAL_RANK', '0')
    run_swap([toy.learn, toy.forget], toy.work_dir,
             require='forget<=0.05 retain>=0.9', images=0)
    state = json.loads((toy.work_dir / 'swap_state.json').read_text())
    for name, names in NAMES.items():
        folder = toy.work_dir / name
        write_json(folder / 'names.json', names)
        state['records'][name]['metrics'].update(SHARES.get(name, {}))
    write_json(toy.work_dir / 'swap_state.json', state)
    for phase, norms in (('toy_learn', (1., 2.)), ('toy_forget', (3., 0.))):
        folder = toy.work_dir / phase
        write_json(folder / 'adapter/swap.json', dict(
            group_norms=dict(zip(('layers.0.ffn', 'layers.1.ffn'), norms))))
        lines = [dict(step=step, iter=step, retain_total=1. / step,
                      learn_total=2.) for step in (1, 2)]
        log = folder / '2026' / 'vis_data' / 'scalars.json'
        log.parent.mkdir(parents=True)
        log.write_text('\n'.join(map(json.dumps, lines)))
    return toy.work_dir
