"""Residual branches: which layers end them, so that zeros there leave a block's input as it is.

A block adds to its input what its branches make of it. Their last linear maps are known by the names that they have in
the models of torch, transformers, timm and torchvision; in a convolutional block it is the norm after the last of them.
"""

import re
from collections.abc import Sequence

BRANCH_ENDS = re.compile(
    r"(?:.*\.)?(?:"
    r"attention\.output|feedforward\.down"  # the app's own Transformer
    r"|out_proj|linear2|.+\.fc2"  # torch, BART, OPT, timm
    r"|output\.dense|c_proj|o_proj|down_proj|out_lin|lin2|wo|(?:Self|EncDec)Attention\.o"
    r"|(?:self_)?attention\.dense|self_attn\.dense|dense_4h_to_h"
    r"|attn\.proj|ffn_output"  # timm, ALBERT
    r")"
)
BRANCH_LAST = re.compile(r"(.*\d+\.(?:bn|mlp\.))(\d+)")  # torchvision: the last of those with numbers


def branch_ends(known: Sequence[str]) -> tuple[str, ...]:
    """Of a model's layers those that end a residual branch, by their names.

    >>> branch_ends(("layer1.0.conv1", "layer1.0.bn1", "layer1.0.conv2", "layer1.0.bn2", "blocks.0.attention.output"))
    ('layer1.0.bn2', 'blocks.0.attention.output')
    """
    last: dict[str, int] = {}
    for name in known:
        found = BRANCH_LAST.fullmatch(name)
        if found and int(found[2]) > last.get(found[1], 1):
            last[found[1]] = int(found[2])
    ends = {f"{branch}{number}" for branch, number in last.items()}
    return tuple(name for name in known if name in ends or BRANCH_ENDS.fullmatch(name))
