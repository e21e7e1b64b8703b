"""Adam by torch's own fused kernel, without the class that wraps it.

`torch.optim.Adam` gives the same weights bit for bit. But the first use of any `torch.optim.Optimizer` imports
torch's compiler and sympy, which took 2.1 of the 2.8 s of processor time of a process's first training.
"""

from collections.abc import Iterable

import torch
from torch import nn

BETAS = (0.9, 0.999)  # decay rates of the mean of the gradients and of that of their squares
EPSILON = 1e-8


class Adam:
    """Adam (Kingma & Ba 2015, arXiv 1412.6980, algorithm 1), with the betas and the epsilon of the paper.

    Args:
        parameters: What is optimized, all of one type on one device.
        learning_rate: Step size α, above 0. It may be changed between steps.
        weight_decay: Coupled weight decay: so many times the weight is added to its gradient.
        decoupled: AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2) instead: each step shortens a weight
            by so many times the learning rate, and only in matrices, as biases and norms need no decay.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        learning_rate: float,
        weight_decay: float = 0.0,
        decoupled: bool = False,
    ):
        self.learning_rate, self.weight_decay, self.decoupled = learning_rate, weight_decay, decoupled
        self._parameters = list(parameters)
        self._moments: dict[nn.Parameter, tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = {}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change each parameter that has a gradient."""
        moved = [parameter for parameter in self._parameters if parameter.grad is not None]
        if not moved:
            return
        for parameter in moved:
            if parameter not in self._moments:
                steps = torch.zeros((), dtype=torch.float32, device=parameter.device)
                self._moments[parameter] = (torch.zeros_like(parameter), torch.zeros_like(parameter), steps)
        means, squares, steps = map(list, zip(*(self._moments[parameter] for parameter in moved), strict=True))
        torch._foreach_add_(steps, 1)
        matrices = [parameter for parameter in moved if parameter.dim() > 1] if self.decoupled else []
        if matrices:
            torch._foreach_mul_(matrices, 1 - self.learning_rate * self.weight_decay)
        torch._fused_adam_(
            moved,
            [parameter.grad for parameter in moved],
            means,
            squares,
            [],
            steps,
            amsgrad=False,
            lr=self.learning_rate,
            beta1=BETAS[0],
            beta2=BETAS[1],
            weight_decay=0.0 if self.decoupled else self.weight_decay,
            eps=EPSILON,
            maximize=False,
        )
