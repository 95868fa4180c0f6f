"""Texts that zxing-cpp reads in pictures: grey dots, a byte each, as base64."""

import base64
import json
import sys

import numpy
import zxingcpp


def texts_of(picture):
    dots = numpy.frombuffer(base64.b64decode(picture["grey"]), numpy.uint8).reshape(picture["height"], picture["width"])
    return [found.text for found in zxingcpp.read_barcodes(dots)]


json.dump([texts_of(json.loads(line)) for line in sys.stdin], sys.stdout)
