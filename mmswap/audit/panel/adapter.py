"""What the adapter itself gives away."""
from typing import Dict

from mmswap.audit.audit_test import AuditTest, Figure
from mmswap.audit.data import AuditData
from mmswap.audit.measured import Measured, share_of
from mmswap.audit.subject import Subject
from mmswap.registry import AUDITS


@AUDITS.register_module(name='adapter')
class AdapterTest(AuditTest):
    """Takes the adapter off, and looks at the class again.

    A model without an adapter, as a merged one and the references, is scored
    as it is.
    """

    figures = {
        'adapter/off': Figure(
            'share of forgotten objects that are named with the adapter '
            'taken off',
            'Shows what whoever gets the adapter beside the weights has; it '
            'says nothing of a merged model that is handed out alone.',
            ('base', )),
    }

    def run(self, subject: Subject, data: AuditData) -> Dict[str, Measured]:
        """See :meth:`AuditTest.run`."""
        scores = data.score(subject.build(subject.without_adapter))
        found = share_of(scores.named, scores.objects, data.settings.seed)
        details = dict(found.details, **(subject.adapter or {}))
        return {'adapter/off': found._replace(details=details)}
