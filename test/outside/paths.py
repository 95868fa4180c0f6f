"""Every node of documents with its normalised path, and what paths lead to, by jsonpath-rfc9535."""

import json
import sys

import jsonpath_rfc9535 as jsonpath

asked = json.load(sys.stdin)
answers = []
for one in asked:
    document = one["document"]
    answers.append(
        {
            "all": [[node.path(), node.value] for node in jsonpath.find("$..*", document)],
            "found": [[node.value for node in jsonpath.find(path, document)] for path in one["paths"]],
        }
    )
json.dump(answers, sys.stdout)
