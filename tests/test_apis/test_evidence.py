"""A record of a forgetting, and a folder that holds nothing against it."""
import json
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmswap.apis import publish_checkpoint
from mmswap.apis.audit import References, run_audit
from mmswap.apis.cli import main
from mmswap.apis.evidence import RECORD, check_folder, write_record
from mmswap.apis.merge import merge_checkpoint
from mmswap.audit import AuditSettings
from mmswap.models.fingerprints import fingerprint, hash_states

SCHEMA = Path(__file__).parents[2] / 'mmswap/apis/forgetting.schema.json'


@pytest.fixture
def merged(swap):
    """A merged model in a folder, with its record."""
    merge_checkpoint('forget.py', 'phase.pth', 'out/merged.pth')
    write_record('forget.py', 'phase.pth', 'out/merged.pth')
    return swap / 'out'


def read(folder):
    return json.loads((folder / RECORD).read_text())


def valid(record):
    """Whether a record is one by its schema."""
    schema = pytest.importorskip('jsonschema')
    schema.validate(record, json.loads(SCHEMA.read_text()))
    return True


def test_a_record_without_an_audit_says_that_nothing_was_tested(merged):
    record = read(merged)
    assert record['tests'] == [] and record['classes']['forget'] == ['b']
    assert {'adapter', 'membership', 'probe', 'prototype', 'relearning',
            'survival'} < set(record['not_tested'])
    state = torch.load(merged / 'merged.pth', weights_only=True)['state_dict']
    base = torch.load('base.pth', weights_only=True)['state_dict']
    assert record['sha256']['merged'] == hash_states(state)
    assert record['sha256']['base'] == hash_states(base)
    assert any('base model' in each for each in record['destroy'])


def test_a_record_has_the_results_of_its_audit(swap):
    settings = AuditSettings(images=16, steps=(1, ), draws=2)
    run_audit('forget.py', 'phase.pth', References(
        retrained=['1.pth', '2.pth']), settings, ['adapter'], 'work')
    main(['merge', 'forget.py', 'phase.pth', 'out/merged.pth', '--record',
          'work/audit/audit.json'])
    record = read(swap / 'out')
    assert {r['test'] for r in record['tests']} == {'adapter'}
    assert len(record['tests']) == 5 and record['seeds']['audit'] == 0
    assert 'adapter' not in record['not_tested']
    assert 'relearning' in record['not_tested']
    with pytest.raises(ValueError, match='audit must be that of'):
        state = torch.load('phase.pth', weights_only=True)
        state['state_dict']['model.head.layers.head.bias'] += 1
        torch.save(state, 'other.pth')
        write_record('forget.py', 'other.pth', 'out/merged.pth',
                     'work/audit/audit.json')
    assert valid(record)


def test_the_schema_tells_a_record_from_others(merged):
    record = read(merged)
    assert valid(record)
    import jsonschema
    for change in (dict(promise=''), dict(destroy=[]), dict(format=2),
                   dict(extra=1), dict(sha256=dict(base='no hash'))):
        with pytest.raises(jsonschema.ValidationError):
            valid(dict(record, **change))


def test_what_may_be_handed_out(merged, capsys):
    assert check_folder(merged) == []
    publish_checkpoint(merged / 'merged.pth', merged / 'small.safetensors')
    main(['publish', '--check', str(merged)])
    assert 'nothing that undoes' in capsys.readouterr().out


def test_a_pruned_model_has_its_own_hash(swap):
    """And labels on disk, which count the class, are not scored with it."""
    main(['merge', 'forget.py', 'phase.pth', 'out/pruned.pth', '--prune',
          '--record'])
    record = read(swap / 'out')
    saved = torch.load('out/pruned.pth', weights_only=True)
    assert saved['meta']['dataset_meta']['classes'] == ('a', 'c', 'd')
    assert len(saved['state_dict']['head.layers.head.bias']) == 3
    assert record['sha256']['merged'] == hash_states(saved['state_dict'])
    assert record['classes']['forget'] == ['b'] and valid(record)
    assert check_folder('out') == []
    cfg = Config.fromfile('out/pruned.py')
    assert cfg.test_dataloader.dataset.metainfo.classes == ('a', 'c', 'd')
    assert 'test_evaluator' not in cfg and 'val_cfg' not in cfg


@pytest.mark.parametrize('half', [False, True])
@pytest.mark.parametrize('name', ['innocent.safetensors', 'x.pth'])
def test_the_base_is_known_by_its_content(merged, name, half):
    publish_checkpoint('base.pth', merged / 'deep' / name, half)
    found, = check_folder(merged)
    assert found.startswith(f'deep/{name}') and 'base model' in found


def test_an_adapter_and_a_phase_are_known_by_their_keys(merged):
    shutil.copy('phase.pth', merged / 'a.bin')
    torch.save({'x.lora_A.weight': torch.zeros(2)}, merged / 'b.pt')
    torch.save(dict(state_dict={}, ema_state_dict={
        'module._extra_state': torch.zeros(1)}), merged / 'c.ckpt')
    (merged / 'd.pth').write_text('no checkpoint')
    (merged / 'prototypes.safetensors').write_bytes(b'')
    found = check_folder(merged)
    assert [line.split(':')[0] for line in found] == [
        'a.bin', 'b.pt', 'c.ckpt', 'd.pth', 'prototypes.safetensors']
    with pytest.raises(SystemExit, match='b.pt'):
        main(['publish', '--check', str(merged)])


def test_it_is_one_or_the_other(merged):
    with pytest.raises(ValueError, match='--check'):
        main(['publish', 'a.pth'])
    with pytest.raises(ValueError, match='--check'):
        main(['publish', 'a.pth', 'b.pth', '--check', 'out'])
    with pytest.raises(NotADirectoryError, match='FOLDER'):
        check_folder('nowhere')


def test_the_files_of_two_bases_are_not_mixed(merged):
    """A merged model tells its base; so does the phase that is audited."""
    saved = torch.load(merged / 'merged.pth', weights_only=True)
    base = torch.load('base.pth', weights_only=True)
    assert saved['meta']['base_hash'] == fingerprint(base['state_dict'])
    other = {key: value + 1 for key, value in base['state_dict'].items()}
    torch.save(dict(state_dict=other), 'other.pth')
    for subject in ('phase.pth', 'out/merged.pth'):
        with pytest.raises(ValueError, match='must meet the base model'):
            run_audit('forget.py', subject, References('other.pth'),
                      AuditSettings(images=4, steps=(1, ), draws=2),
                      ['adapter'], 'work')
    saved['meta']['base_hash'] = fingerprint(other)
    torch.save(saved, merged / 'merged.pth')
    with pytest.raises(ValueError, match='merged.pth must meet the base'):
        write_record('forget.py', 'phase.pth', merged / 'merged.pth')
