"""Verdicts of python-stdnum and biip on numbers and links."""

import json
import sys

from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gtin import Gtin
from stdnum import ean, lei

asked = json.load(sys.stdin)


def gtin_of(text):
    try:
        return Gtin.parse(text).as_gtin_14()
    except ParseError:
        return None


def link_of(text):
    try:
        uri = GS1DigitalLinkURI.parse(text)
    except ParseError:
        return None
    # It says apart that a check digit is wrong.
    if any(string.gtin_error for string in uri.element_strings):
        return None
    return {string.ai.ai: string.value for string in uri.element_strings}


json.dump(
    {
        "ean": [ean.is_valid(text) for text in asked["gtins"]],
        "biip": [gtin_of(text) for text in asked["gtins"]],
        "leis": [lei.is_valid(text) for text in asked["leis"]],
        "links": [link_of(text) for text in asked["links"]],
    },
    sys.stdout,
)
