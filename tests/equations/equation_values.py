"""Reads the equations as a reader of the paper would: an evaluator of their LaTeX, for one parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

import gradlab as gl
from gradlab import public_names
from gradlab.equations import Equations

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9.]+(?:e-?[0-9]+)?|[A-Za-z]|\S")
_ACCENTS = (r"\hat", r"\bar", r"\tilde")


def updates_of(equations: Equations, gradients: list[float], start: float = 0.0) -> Iterator[float]:
    """The parameter after each update by the equations."""
    known: dict[str, Any] = {"x_{t-1}": start, "x_0": start, "f_t": 1.0}
    firsts = {}  # quantities that begin as the first gradient, or as its square
    for symbol in equations.symbols:
        if symbol.latex == "g_t":  # where the gradient is taken
            continue
        g = gradients[0]
        first = {"g₁": g, "g₁²": g**2, "f₁": known["f_t"], "⟨ g₁, x₀ ⟩": g * start}.get(symbol.value)
        if first is not None:
            name, number = symbol.latex.rsplit("_", 1)
            firsts[f"{name}_t" if number == "1" else f"{name}_{{t-1}}"] = first
            continue
        value = start if symbol.value == "x₀" else eval(symbol.value, {**vars(public_names), **vars(gl.schedules)})
        known[symbol.latex.replace("_0", "_{t-1}")] = value
    schedules = {name: value for name, value in known.items() if callable(value)}
    for step, gradient in enumerate(gradients):
        now = {name: float(value(step)) if callable(value) else value for name, value in known.items()}
        for name, value in schedules.items():
            now[_at(name, "t+1")] = float(value(step + 1))
            now[_at(name, "i")] = np.array([value(i) for i in range(step + 2)])
        now |= {"g_t": gradient, "t": float(step + 1)}
        now |= firsts if step == 0 else {}
        for line in equations.lines:
            left, _, right = line.partition(" = ")
            if not right:  # the signs of an estimate, whose product with itself is 1
                now[line.partition(r" \sim ")[0]] = 1.0
                continue
            if step > 0 or left not in firsts:
                now[left] = _value_of(right, now)
        known |= {name.replace("_t", "_{t-1}"): now[name] for name in now if name.endswith("_t") and name not in known}
        yield now["x_t"]


def _value_of(right: str, now: dict[str, Any]) -> Any:
    """The value of a right side, which may be one expression if a relation holds and else another one."""
    if r" \text{ if } " not in right:
        return _Reader(right, now).sum()
    value, _, rest = right.partition(r" \text{ if } ")
    condition, _, other = rest.partition(r", \text{ else } ")
    return _Reader(value if _Reader(f"[{condition}]", now).sum() else other, now).sum()


def _at(name: str, step: str) -> str:
    """The symbol of a schedule, which ends in `_t` or `_{1,t}`, at another step."""
    below = name.rpartition("_")[2].strip("{}").replace("t", step)
    return f"{name.rpartition('_')[0]}_{{{below}}}" if len(below) > 1 else f"{name.rpartition('_')[0]}_{below}"


class _Reader:
    def __init__(self, latex: str, known: dict[str, Any]):
        self.tokens, self.known, self.inside_bars = _TOKEN.findall(latex), known, False

    def ahead(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, expected: str = "") -> str:
        token = self.tokens.pop(0)
        assert token == (expected or token), (expected, token, self.tokens)
        return token

    def sum(self) -> Any:
        total = -self.product() if self.ahead() == "-" and self.take() else self.product()
        while self.ahead() in ("+", "-"):
            total = total + self.product() if self.take() == "+" else total - self.product()
        return total

    def product(self) -> Any:
        value = self.power()
        while (token := self.ahead()) and not self.ends_product(token):
            if token == "/":
                self.take()
                value = value / self.power()
            else:
                value = value * self.power()
        return value

    def ends_product(self, token: str) -> bool:
        ends = ("+", "-", ",", ")", "}", "]", ">", r"\ge", r"\mid", r"\rangle")
        return token in ends or (token in ("|", r"\|") and self.inside_bars)

    def power(self) -> Any:
        value = self.factor()
        return value ** self.group() if self.ahead() == "^" and self.take() else value

    def group(self) -> Any:
        """What stands behind `^`, or is the argument of a command."""
        if self.ahead() != "{":
            return self.factor()
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def arguments(self) -> list[Any]:
        self.take("(")
        found = [self.sum()]
        while self.ahead() == "," and self.take():
            found.append(self.sum())
        self.take(")")
        return found

    def factor(self) -> Any:
        token = self.take()
        if token == "{":  # a symbol with a prime, before its power
            value = self.sum()
            self.take("}")
            return value
        if token == r"\odot":
            return self.power()
        if token == "(":
            self.tokens.insert(0, "(")
            return self.arguments()[0]
        if token == "[":  # 1 where the relation inside holds, else 0
            left, relation, right = self.sum(), self.take(), self.sum()
            self.take("]")
            relations = {">": left > right, r"\ge": left >= right, r"\mid": relation == r"\mid" and right % left == 0}
            return float(relations[relation])
        if token in ("|", r"\|"):
            self.inside_bars = True
            value = abs(self.sum())
            self.take(token)
            self.inside_bars = False
            if self.ahead() == "_":
                below = (r"\text", "{", "a", "l", "l", "}")
                for expected in ("_", *(("1",) if self.tokens[1] == "1" else ("{", *below, "}"))):
                    self.take(expected)
            return value
        if token == r"\nabla":  # the Hessian of a bowl is 1
            for expected in ("^", "2", "f"):
                self.take(expected)
            return 1.0 + 0 * self.arguments()[0]
        if token == r"\langle":
            left, _, right, _ = self.sum(), self.take(","), self.sum(), self.take(r"\rangle")
            return left * right
        if token == r"\frac":
            return self.group() / self.group()
        if token == r"\prod":
            for expected in ("_", "{", "i", "=", "1", "}", "^"):
                self.take(expected)
            steps = int(self.group())
            return np.prod(self.factor()[:steps])
        if token == r"\sqrt":
            return np.sqrt(self.group())
        if token in (r"\max", r"\min"):
            return (max if token == r"\max" else min)(*self.arguments())
        if token == r"\operatorname":
            self.take("{")
            name = ""
            while self.ahead() != "}":
                name += self.take()
            self.take("}")
            functions: dict[str, Any] = {"sign": np.sign, "clip": np.clip, "mean": np.mean}
            return functions[name](*self.arguments())
        return float(token) if token[0].isdigit() else self.symbol(token)

    def symbol(self, token: str) -> Any:
        name = token
        if token in _ACCENTS:
            name += "" if self.ahead() == "{" else " "
            while (part := self.take()) in ("{", *_ACCENTS):
                name += part + " " * (part != "{")
            name += part
            while self.ahead() == "}" and name.count("{") > name.count("}"):
                name += self.take()
        while self.ahead() == "'":
            name += self.take()
        if self.ahead() == "_":
            name += self.take()
            below = self.take()
            while below.startswith("{") and not below.endswith("}"):
                below += self.take()
            name += below
        return self.known.get(name, 0.0) if name.endswith("_{t-1}") else self.known[name]
