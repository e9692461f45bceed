"""Which charset a text is in that does not say so, or says Western and plainly is not.

In a Western text foreign bytes are rare; where half of all letters are such bytes it is Cyrillic, Chinese, Japanese or
Korean. Each candidate that can read all of them is judged by what it makes of them: kana in Japanese, syllables in
Korean, and the most frequent characters in Chinese and Russian.
"""

from __future__ import annotations

import re

_SAMPLE = 4000  # bytes that are looked at
_FEW = 6  # foreign bytes that tell nothing
_FREQUENT = {
    "gb18030": frozenset("的一是不了在有我他这为之大来以个中上们到说时国和地要就出会也你对生能好请问无法没电脑谢您"),
    "big5hkscs": frozenset("的一是不了在有我他這為之大來以個中上們到說時國和地要就出會也你對生能好請問無法沒電腦謝您"),
}
_EXPECTED = {
    "cp932": re.compile("[\u3041-\u30fe]"),
    "euc_jp": re.compile("[\u3041-\u30fe]"),
    "cp949": re.compile("[\uac00-\ud7a3]"),
    "gb18030": re.compile("[\u4e00-\u9fff]"),
    "big5hkscs": re.compile("[\u4e00-\u9fff]"),
    "cp1251": re.compile("[А-яЁё]"),
    "koi8-r": re.compile("[А-яЁё]"),
}
_RUSSIAN = frozenset("оеаинтслрв")  # two thirds of the letters of any text
_LEAST = {"cp932": 0.25, "euc_jp": 0.25, "cp949": 0.7, "gb18030": 0.7, "big5hkscs": 0.7, "cp1251": 0.7, "koi8-r": 0.7}
_MIXED = re.compile("[A-Za-z][А-яЁё]|[А-яЁё][A-Za-z]")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_LETTERS = re.compile(rb"[A-Za-z]")
_HIGH = re.compile(rb"[\x80-\xff]")


def charset(data: bytes) -> str:
    """The codec of a text in octets that are no UTF-8; "" if it may as well be Western."""
    sample = data[:_SAMPLE]
    high = len(_HIGH.findall(sample))
    if high < _FEW or high < len(_LETTERS.findall(sample)):
        return ""
    scores = {name: _score(sample, name) for name in _EXPECTED}
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] > 0 else ""


def _score(sample: bytes, name: str) -> float:
    """How well the sample reads in this codec, 0 to 2; 0 if not at all."""
    text = sample.decode(name, "replace")
    foreign = _FOREIGN.findall(text)
    if text[:-1].count("\ufffd") or not foreign:
        return 0
    share = len(_EXPECTED[name].findall(text)) / len(foreign)
    if share < _LEAST[name]:
        return 0
    if name in _FREQUENT:  # any pair of bytes is some Chinese character, so only the common ones prove anything
        frequent = sum(char in _FREQUENT[name] for char in foreign) / len(foreign)
        return share * frequent * 5 if frequent > 0.05 else 0
    if name in {"cp1251", "koi8-r"}:
        if len(_MIXED.findall(text)) * 10 > len(foreign):
            return 0  # no word is half Latin: these are accents
        frequent = sum(char.lower() in _RUSSIAN for char in foreign) / len(foreign)
        small = sum(map(str.islower, foreign)) / len(foreign)
        return frequent + small / 10 if frequent > 0.45 else 0
    return share + (0.5 if name in {"cp932", "euc_jp"} else 0)
