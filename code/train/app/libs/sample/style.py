"""How people type: capitals, slang, slips of the finger, mentions, links. Takes a tidy text, returns a post."""

import re
from random import Random

from libs.sample.grammar import Grammar

SLANG = {
    "you": "u", "your": "ur", "are": "r", "please": "pls", "people": "ppl", "because": "cos", "about": "abt",
    "thanks": "thx", "really": "rly", "with": "w/", "tomorrow": "tmrw", "going to": "gonna", "want to": "wanna",
    "for": "4", "never": "nvr", "seriously": "srsly", "and": "n", "today": "2day", "though": "tho", "I am": "im",
    "through": "thru", "minutes": "mins", "hours": "hrs", "customer": "cust", "weeks": "wks", "before": "b4",
}  # fmt: skip
SLANG_WORD = re.compile(r"(?<![\w@#'])(" + "|".join(sorted(SLANG, key=len, reverse=True)) + r")(?![\w'])")
STRETCHABLE = re.compile(
    r"(?<![\w@#])(s)(o)(?!\w)|(?<![\w@#])(l)(o)(?=ve\b)|(?<![\w@#])(n)(o)(?!\w)|"
    r"\b(gr)(ea)(?=t\b)|\b(w)(a)(?=y\b)|\b(pl)(ea)(?=se\b)|\b(neve)(r)\b|\b(n)(i)(?=ce\b)|\b(wors)(t)\b|\b(ver)(y)\b",
)
LONG_WORD = re.compile(r"(?<![\w@#/.'])[a-z]{5,}(?![\w'])")
SENTENCE_START = re.compile(r"(^|[.?!] )([a-z])")
ARTICLE = re.compile(r"\b([Aa]) (?=(?:[aeio]|u(?!s|ni)|£?8)(?!ne\b))")
BRAND_WORDS = re.compile(r"aerquill|quorvex|mugwhistle|tarnwick")
UNICODE_TWINS = str.maketrans({"'": "\u2019"})
LINK_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
LINK_HOSTS = ("pic.example", "news.example", "lnk.example", "blog.example", "video.example")
WITH_LINK = 0.06
HANDLE_FRONT = ("quiet", "maple", "rusty", "north", "tiny", "late", "velvet", "paper", "salty", "lucky", "grumpy",
                "mossy", "odd", "plain", "sunny", "brisk")  # fmt: skip
HANDLE_BACK = ("harbor", "otter", "teacup", "marcus", "jules", "priya", "kettle", "tom", "wren", "anouk", "biker",
               "radish", "dana", "lee", "owl", "pilot")  # fmt: skip


def make_user(rng: Random) -> str:
    """Return an invented account name of at most 15 characters, X's limit."""
    joint = rng.choice(("", "_", ""))
    return f"{rng.choice(HANDLE_FRONT)}{joint}{rng.choice(HANDLE_BACK)}{rng.randrange(1000)}"[:15]


def style_post(text: str, grammar: Grammar, rng: Random) -> str:
    """Turn a grammatical text about the grammar's brand into a post as somebody would have typed it.

    The result names the brand at least once and holds neither emoji nor emoticons.
    """
    text = ARTICLE.sub(r"\1n ", text)
    text = _name_brand(text, grammar, rng)
    text = _write_words(text, rng)
    text = _choose_capitals(text, rng)
    if text[-1] not in ".?!" and "#" not in text.rpartition(" ")[2]:
        text += grammar.expand("ending", rng)
    text = _attach_tokens(text, grammar, rng)
    if rng.random() < 0.08:
        text = text.translate(UNICODE_TWINS)
    return _escape_entities(text, rng)


def _write_words(text: str, rng: Random) -> str:
    if rng.random() < 0.10:
        text = text.removeprefix("I ")
    if rng.random() < 0.2:
        keep = rng.random()
        text = SLANG_WORD.sub(lambda match: SLANG[match[1]] if rng.random() > keep else match[1], text)
    if rng.random() < 0.12:
        text = text.replace("'", "")
    if rng.random() < 0.10:
        text = STRETCHABLE.sub(lambda match: _stretch(match, rng), text, count=1)
    if rng.random() < 0.14:
        text = _mistype(text, rng)
    return text


def _stretch(match: re.Match[str], rng: Random) -> str:
    start, sound = (group for group in match.groups() if group is not None)
    return f"{start}{sound}{sound[-1] * rng.randrange(1, 6)}"


def _mistype(text: str, rng: Random) -> str:
    """Slip once inside a word of five letters or more: swap, drop or double a letter; the brand's name stays whole."""
    words = [match for match in LONG_WORD.finditer(text) if not BRAND_WORDS.search(match[0])]
    if not words:
        return text
    word = rng.choice(words)
    at = word.start() + rng.randrange(1, len(word[0]) - 1)
    here, after = text[at], text[at + 1]
    slip = rng.choice((after + here, after, here + here + after))
    return text[:at] + slip + text[at + 2 :]


def _choose_capitals(text: str, rng: Random) -> str:
    mood = rng.random()
    if mood < 0.28:
        return text.lower()
    if mood < 0.31:
        return text.upper()
    if mood < 0.36:
        words = text.split(" ")
        loud = rng.randrange(len(words))
        words[loud] = words[loud].upper()
        return " ".join(words)
    if mood < 0.86:
        return SENTENCE_START.sub(lambda match: match[1] + match[2].upper(), text)
    return text


def _name_brand(text: str, grammar: Grammar, rng: Random) -> str:
    brand = grammar.brand
    if brand.lower() in text.lower():
        return text
    tag = grammar.expand("tag", rng)
    forms = (f"@{brand} {text}", f"@{brand} {text}", f"{text} {tag}", f"{text} {tag}", f"{text} @{brand}",
             f"hey {brand}, {text}", f"{brand}: {text}", f"{brand}, {text}")  # fmt: skip
    return rng.choice(forms)


def _attach_tokens(text: str, grammar: Grammar, rng: Random) -> str:
    if rng.random() < 0.07:
        text = f"{text} {grammar.expand('tag', rng)}"
    form = rng.random()
    if form < 0.09:
        text = f"@{make_user(rng)} {text}"
    elif form < 0.11:
        text = f"RT @{make_user(rng)}: {text}"
    elif form < 0.13:
        text = f"{text} cc @{make_user(rng)}"
    if rng.random() < WITH_LINK:
        path = "".join(rng.choice(LINK_ALPHABET) for _ in range(7))
        text = f"{text} https://{rng.choice(LINK_HOSTS)}/{path}"
    return text


def _escape_entities(text: str, rng: Random) -> str:
    """X's older interfaces escape `&`, `<` and `>`; people also quote the brand's own words."""
    if rng.random() < 0.05:
        text = text.replace(" and ", " & ", 1)
    text = text.replace("&", "&amp;").replace(">", "&gt;")
    return text.replace("'", "&#39;") if rng.random() < 0.01 else text
