"""The kernels of a compiled program, and the arrays that they read and write: what it moves through memory.

The figures follow from the program alone, so they are the same in every run. A step of an optimizer that is compiled
for `params` moves `measure_traffic(compiled).streams(bytes of params)` times the bytes of the parameters. A stream is
one array as large as all parameters, read or written once. SGD has three: it reads the gradient and the parameters, and
writes the parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import jax

from .hlo_text import Array, Instruction, Program, read_program

# These compute nothing and move nothing: they name arrays, or order other instructions.
_FREE = frozenset(
    ("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all", "opt-barrier", "add-dependency")
)
_SLICES = ("slice", "dynamic-slice")
_CONTROL = ("call", "while", "conditional")


class Kernel(NamedTuple):
    """A loop over arrays in a compiled program."""

    name: str
    is_copy: bool  # it computes nothing
    is_scalar: bool  # it touches no array of more than one element
    read: int  # bytes
    written: int  # bytes


class Traffic(NamedTuple):
    """The kernels of a compiled program, and the memory that one call moves."""

    kernels: int  # those that touch an array of more than one element
    copies: int  # those among them that only copy
    scalar_kernels: int  # the others, which cost a call each and no memory
    read: int  # bytes that all kernels read
    written: int  # bytes that all kernels write

    def streams(self, parameter_bytes: int) -> float:
        """Return the bytes that are read and written, in units of the bytes of all parameters."""
        return (self.read + self.written) / parameter_bytes


def measure_traffic(compiled: jax.stages.Compiled) -> Traffic:
    """Return the kernels, copies and bytes of a compiled program. Raises ValueError for a text that is not understood.

    A kernel that reads an array twice counts it once, and a kernel that overwrites an array counts a read and a write.
    What stays in the cache between two kernels counts for both. A loop counts as one round, and a condition as the
    branch that moves the least: the other one is for numbers that are rare, or left out of most steps. Scalars count as
    kernels, but not as bytes.
    """
    kernels = find_kernels(compiled)
    loops = [kernel for kernel in kernels if not kernel.is_scalar]
    return Traffic(
        len(loops),
        sum(kernel.is_copy for kernel in loops),
        len(kernels) - len(loops),
        sum(kernel.read for kernel in loops),
        sum(kernel.written for kernel in loops),
    )


def find_kernels(compiled: jax.stages.Compiled) -> list[Kernel]:
    """Return the kernels of a compiled program, in the order of its text. It raises what `measure_traffic` raises."""
    program = read_program(compiled)
    return list(_walk(program, program.entry))


def _walk(program: Program, computation: str) -> Iterator[Kernel]:
    body = program.computations[computation]
    for instruction in body.values():
        operation = instruction.operation
        if operation.endswith(("-start", "-done")):
            raise ValueError(
                f"{instruction.name} is {operation}, one half of an operation in two parts, which is not counted"
            )
        if operation == "conditional":
            branches = [list(_walk(program, name)) for name in instruction.called]
            yield from min(branches, key=lambda kernels: sum(kernel.read + kernel.written for kernel in kernels))
        elif operation in _CONTROL:
            for name in instruction.called:
                yield from _walk(program, name)
        elif operation not in _FREE:
            yield _read_kernel(program, body, instruction)


def _read_kernel(program: Program, body: Mapping[str, Instruction], instruction: Instruction) -> Kernel:
    inner = program.computations[instruction.called[0]] if instruction.operation == "fusion" else None
    inputs: dict[str, list[Array]] = {}  # by name, so that an operand that comes twice counts once
    for position, name in enumerate(instruction.operands):
        whole = list(body[name].results)
        if instruction.operation in _SLICES and position == 0:
            whole = list(instruction.results)
        inputs[name] = whole if inner is None else _find_used_part(inner, position, whole)
    arrays = [array for used in inputs.values() for array in used if array.elements > 1]
    results = [array for array in _find_written(inner, instruction) if array.elements > 1]
    return Kernel(
        instruction.name,
        instruction.operation == "copy" or (inner is not None and _is_copy(inner)),
        not arrays and not results,
        sum(array.bytes for array in arrays),
        sum(array.bytes for array in results),
    )


def _find_used_part(inner: Mapping[str, Instruction], position: int, whole: list[Array]) -> list[Array]:
    """Return what a fusion reads of an operand: all of it, or the slices if it uses nothing else."""
    number = (str(position),)
    name = next(found.name for found in inner.values() if found.operation == "parameter" and found.operands == number)
    names = {name}  # of the operand, also in other shapes
    for found in inner.values():
        if found.operation == "bitcast" and found.operands[0] in names and not found.is_root:
            names.add(found.name)
    users = [found for found in inner.values() if names & set(found.operands) and found.name not in names]
    if users and all(user.operation in _SLICES and user.operands[0] in names for user in users):
        return [array for user in users for array in user.results]
    if users and all(_is_updated_in_place(user, name) for user in users):
        return []
    return whole


def _find_written(inner: Mapping[str, Instruction] | None, instruction: Instruction) -> list[Array]:
    """Return what a kernel writes: its results, or the part that it replaces in one of them."""
    if inner is None:
        return list(instruction.results)
    root = next(found for found in inner.values() if found.is_root)
    if root.operation == "dynamic-update-slice":
        return list(inner[root.operands[1]].results)
    return list(instruction.results)


def _is_updated_in_place(user: Instruction, name: str) -> bool:
    return user.is_root and user.operation == "dynamic-update-slice" and user.operands[0] == name


def _is_copy(inner: Mapping[str, Instruction]) -> bool:
    operations = {instruction.operation for instruction in inner.values()}
    return "copy" in operations and operations <= {"parameter", "copy", "bitcast", "tuple"}
