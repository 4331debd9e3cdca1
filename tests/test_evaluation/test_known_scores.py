"""What is known of a model, from a dict or a json file."""
import json

import pytest

from mmswap.evaluation.known_scores import read_scores


@pytest.mark.parametrize('prefix', ['', 'swap/'])
def test_from_a_dict_or_a_json_file(tmp_path, prefix):
    scores = {
        f'{prefix}forget': 80,
        f'{prefix}learn': None,
        'all/coco/bbox_mAP': 1.
    }
    path = tmp_path / 'before.json'
    path.write_text(json.dumps(scores))
    for given in (scores, path, str(path)):
        assert read_scores(given, 'key') == dict(forget=80.)


def test_a_file_is_read_as_json_whatever_it_is_called(tmp_path):
    path = tmp_path / 'before.pkl'
    path.write_text('{"forget": 0.8}')
    assert read_scores(path, 'key') == dict(forget=.8)


def test_a_json_file_without_metrics_is_refused(tmp_path):
    path = tmp_path / 'before.json'
    path.write_text('[0.8]')
    with pytest.raises(ValueError, match='key must be a json .* a list in'):
        read_scores(path, 'key')


@pytest.mark.parametrize(('scores', 'error', 'message'), [
    (dict(forgot=0.8), ValueError, r"key must have .* got \['forgot'\]"),
    (dict(forget='0.8'), TypeError, "key must have numbers, got '0.8'"),
    (dict(forget=True), TypeError, 'key must have numbers, got True'),
    (0.8, TypeError, 'key must be a dict .* got 0.8'),
])
def test_wrong_scores_are_refused(scores, error, message):
    with pytest.raises(error, match=message):
        read_scores(scores, 'key')
