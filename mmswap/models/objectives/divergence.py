"""How far two sets of values are from each other, as probabilities."""
from torch import Tensor
from torch.nn import functional as F


def kl_divergences(teacher: Tensor,
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
        In nats, float32 of shape (M,).
    """
    return F.kl_div(
        F.log_softmax(student.float() / temperature, 1),
        F.log_softmax(teacher.float() / temperature, 1),
        reduction='none',
        log_target=True).sum(1)


def kl_divergence(teacher: Tensor,
                  student: Tensor,
                  temperature: float = 1.) -> Tensor:
    """The mean of :func:`kl_divergences` over the M rows, in nats.

    Args:
        teacher: Shape (M, C).
        student: Shape (M, C).
        temperature: Both are divided by it.
    """
    return kl_divergences(teacher, student, temperature).mean()
