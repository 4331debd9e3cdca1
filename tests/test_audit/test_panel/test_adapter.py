from audit_toys import ToyData, one_weight

from mmswap.audit.panel.adapter import AdapterTest


def test_the_class_is_back_with_the_adapter_off():
    found = AdapterTest().run(one_weight(0., off=.9), ToyData())
    assert found['adapter/off'].value == .9
    assert found['adapter/off'].details == dict(objects=10, groups=3)


def test_a_model_without_an_adapter_is_scored_as_it_is():
    found = AdapterTest().run(one_weight(.2), ToyData())['adapter/off']
    assert found.value == .2 and found.details == dict(objects=10)
