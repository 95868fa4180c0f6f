"""Conversions of units by pint in fractions, so that nothing is rounded."""

import json
import sys
from fractions import Fraction

import pint

registry = pint.UnitRegistry(non_int_type=Fraction)
answers = []
for value, source, target in json.load(sys.stdin):
    result = registry.Quantity(Fraction(value), source).to(target).magnitude
    answers.append(str(Fraction(result)))
json.dump(answers, sys.stdout)
