"""The phrase book as a grammar: a symbol stands for alternatives, and alternatives hold further symbols in braces."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random

SYMBOL = re.compile(r"\{(\w+)\}")
PHRASE_BOOK = Path(__file__).with_name("phrases.json")

# An alternative is split once into literal text at even positions and symbols at odd ones.
Alternative = tuple[str, ...]
Rules = Mapping[str, Sequence[Alternative]]


class Grammar:
    """What people say about one brand: the common phrases together with those of its trade."""

    def __init__(self, brand: str, rules: Rules) -> None:
        self.brand = brand
        self._rules = rules

    def expand(self, symbol: str, rng: Random) -> str:
        """Return one phrase for `symbol`, every slot in it filled at random.

        Raises KeyError when neither the common phrases nor the brand's know the symbol.
        """
        alternatives = self._rules[symbol]
        alternative = alternatives[int(rng.random() * len(alternatives))]  # rng.choice takes three times as long
        if len(alternative) == 1:
            return alternative[0]
        return "".join(self.expand(part, rng) if index % 2 else part for index, part in enumerate(alternative))


@cache
def load_grammars() -> dict[str, Grammar]:
    """Read the phrase book once and return a grammar per brand, by the brand's name."""
    book = json.loads(PHRASE_BOOK.read_text(encoding="utf-8"))
    common: dict[str, list[str]] = book["common"]
    brands: dict[str, dict[str, list[str]]] = book["brands"]
    return {name: Grammar(name, _split_alternatives(common | own)) for name, own in brands.items()}


def _split_alternatives(phrases: Mapping[str, Sequence[str]]) -> Rules:
    return {symbol: [tuple(SYMBOL.split(text)) for text in texts] for symbol, texts in phrases.items()}
