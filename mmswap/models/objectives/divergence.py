"""How far two sets of values are from each other, as probabilities."""
from torch import Tensor
from torch.nn import functional as F


def kl_divergence(teacher: Tensor,
                  student: Tensor,
                  temperature: float = 1.) -> Tensor:
    """``KL(teacher || student)`` of softened class probabilities.

    Hinton et al., *Distilling the Knowledge in a Neural Network*, without
    the factor temperature squared.

    Args:
        teacher: Logits, or features taken for such, of shape (M, C).
        student: The same of the other, shape (M, C).
        temperature: Both are divided by it.

    Returns:
        The mean over the M rows, in nats.
    """
    return F.kl_div(
        F.log_softmax(student.float() / temperature, 1),
        F.log_softmax(teacher.float() / temperature, 1),
        reduction='batchmean',
        log_target=True)
