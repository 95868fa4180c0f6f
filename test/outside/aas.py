"""AAS environments in JSON and packages, by basyx-python-sdk strictly and by aas-test-engines; files as base64."""

import base64
import io
import json
import sys

from aas_test_engines import file as engines
from basyx.aas import model
from basyx.aas.adapter import aasx
from basyx.aas.adapter.json import read_aas_json_file


def faults_of(result, path=""):
    own = [] if result.ok() else [f"{path}{result.message}"]
    inner = [fault for one in result.sub_results for fault in faults_of(one, f"{path}{result.message} > ")]
    return inner or own


def by_basyx(kind, data):
    if kind == "json":
        return len(list(read_aas_json_file(io.TextIOWrapper(io.BytesIO(data), "utf-8"), failsafe=False)))
    objects, files = model.DictIdentifiableStore(), aasx.DictSupplementaryFileContainer()
    with aasx.AASXReader(io.BytesIO(data), failsafe=False) as reader:
        reader.read_into(objects, files)
    return len(objects)


answers = []
for kind, text in json.load(sys.stdin):
    data = base64.b64decode(text)
    result = engines.check_json_data(json.loads(data)) if kind == "json" else engines.check_aasx_file(io.BytesIO(data))
    answers.append({"faults": faults_of(result), "objects": by_basyx(kind, data)})
json.dump(answers, sys.stdout)
