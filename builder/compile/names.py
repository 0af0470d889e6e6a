"""Node ids as Python names: nothing that is reserved, nothing that hides what the source needs."""

import keyword

_OF_MODULE = """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda
    double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter
    get_submodule half ipu load_state_dict modules mtia named_buffers named_children
    named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
    set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
"""
"""Every attribute that nn.Module has of its own; a test holds it to the truth."""

RESERVED = frozenset(
    [*keyword.kwlist, "self", "torch", "nn", "F", "Tensor", "super", "cls", *_OF_MODULE.split()]
)


def attribute(node_id: str) -> str:
    """The attribute and variable name of a node: its id, with one `_` more where the plain word is
    reserved.
    """
    return f"{node_id}_" if node_id.rstrip("_") in RESERVED else node_id


def node_of(name: str) -> str:
    """The node id behind an attribute's name; undoes `attribute`."""
    if name.endswith("_") and name.rstrip("_") in RESERVED:
        return name[:-1]
    return name


def class_name(name: str, taken: set[str]) -> str:
    """A class name for a graph or module ("residual_block" → "ResidualBlock"), unlike those in
    `taken`.
    """
    words = [word for word in name.split("_") if word] or ["Model"]
    base = "".join(word[0].upper() + word[1:] for word in words)
    if keyword.iskeyword(base) or base in ("F", "Tensor"):
        base += "_"
    result, number = base, 2
    while result in taken:
        result, number = f"{base}{number}", number + 1
    taken.add(result)
    return result


def graph_class(graph: str) -> str:
    """The class of a graph: "model" → "Model"."""
    return class_name(graph, set())
