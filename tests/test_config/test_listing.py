import pytest

from mmswap.config.listing import listed


@pytest.mark.parametrize('items, text', [
    ('', ''), ('a', 'a'), ('ab', 'a, b'), ('abc', 'a, b and 1 more'),
    ('abcde', 'a, b and 3 more')])
def test_the_first_and_how_many_more(items, text):
    assert listed(items, 2) == text
