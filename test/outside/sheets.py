"""Cells of workbooks by openpyxl, and workbooks of cells; files as base64."""

import base64
import datetime
import io
import json
import sys

import openpyxl

asked = json.load(sys.stdin)


def cells_of(file):
    book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(file)))
    sheet = book.worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def book_of(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([datetime.date.fromisoformat(cell["date"]) if isinstance(cell, dict) else cell for cell in row])
    file = io.BytesIO()
    book.save(file)
    return base64.b64encode(file.getvalue()).decode()


json.dump({"read": [cells_of(file) for file in asked["read"]], "written": [book_of(rows) for rows in asked["write"]]}, sys.stdout)
