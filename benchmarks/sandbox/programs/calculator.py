"""A calculator with variables, functions and exact fractions."""

import re
import sys
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

TOKEN = re.compile(r"\s*(?:(\d+)|([A-Za-z_]\w*)|(\*\*|[-+*/%(),=]))")


class BadLine(Exception):
    pass


@dataclass(frozen=True)
class Number:
    value: Fraction

    def evaluate(self, names):
        return self.value


@dataclass(frozen=True)
class Name:
    text: str

    def evaluate(self, names):
        if self.text not in names:
            raise BadLine(f"unknown name {self.text}")
        return names[self.text]


@dataclass(frozen=True)
class Negative:
    inner: object

    def evaluate(self, names):
        return -self.inner.evaluate(names)


@dataclass(frozen=True)
class Binary:
    operator: str
    left: object
    right: object

    def evaluate(self, names):
        left = self.left.evaluate(names)
        right = self.right.evaluate(names)
        if self.operator == "+":
            return left + right
        if self.operator == "-":
            return left - right
        if self.operator == "*":
            return left * right
        if self.operator == "**":
            if right.denominator != 1 or abs(right) > 64:
                raise BadLine("bad exponent")
            if left == 0 and right < 0:
                raise BadLine("division by zero")
            return left ** int(right)
        if right == 0:
            raise BadLine("division by zero")
        return left / right if self.operator == "/" else left % right


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple

    def evaluate(self, names):
        values = [argument.evaluate(names) for argument in self.arguments]
        if self.function == "min":
            return min(values)
        if self.function == "max":
            return max(values)
        if self.function == "abs" and len(values) == 1:
            return abs(values[0])
        if self.function == "fib" and len(values) == 1:
            return Fraction(fibonacci(int(values[0])))
        raise BadLine(f"unknown function {self.function}")


@lru_cache(maxsize=None)
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


class Parser:
    def __init__(self, text):
        self.tokens = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = TOKEN.match(text, position)
            if match is None:
                raise BadLine("bad character")
            self.tokens.append(match.group(match.lastindex))
            position = match.end()
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected=None):
        token = self.peek()
        if not token or (expected is not None and token != expected):
            raise BadLine("bad syntax")
        self.at += 1
        return token

    def sum(self):
        left = self.product()
        while self.peek() in ("+", "-"):
            left = Binary(self.take(), left, self.product())
        return left

    def product(self):
        left = self.sign()
        while self.peek() in ("*", "/", "%"):
            left = Binary(self.take(), left, self.sign())
        return left

    def sign(self):
        if self.peek() == "-":
            self.take()
            return Negative(self.sign())
        return self.power()

    def power(self):
        base = self.atom()
        if self.peek() == "**":
            self.take()
            return Binary("**", base, self.sign())
        return base

    def atom(self):
        token = self.take()
        if token == "(":
            inner = self.sum()
            self.take(")")
            return inner
        if token.isdigit():
            return Number(Fraction(int(token)))
        if not (token[0].isalpha() or token[0] == "_"):
            raise BadLine("bad syntax")
        if self.peek() != "(":
            return Name(token)
        self.take("(")
        arguments = [self.sum()]
        while self.peek() == ",":
            self.take()
            arguments.append(self.sum())
        self.take(")")
        return Call(token, tuple(arguments))


def answer(line, names):
    target = None
    if "=" in line:
        target, _, line = line.partition("=")
        target = target.strip()
    try:
        parser = Parser(line)
        tree = parser.sum()
        if parser.peek():
            raise BadLine("bad syntax")
        value = tree.evaluate(names)
    except BadLine as error:
        return f"error: {error}"
    if target is not None:
        names[target] = value
        return f"{target} = {value}"
    return str(value)


def main():
    names = {}
    for line in sys.stdin:
        if line.strip():
            print(answer(line, names))


if __name__ == "__main__":
    main()
