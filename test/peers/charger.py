"""A charger by mobilityhouse's `ocpp`: takes orders as lines of JSON, and answers each with one."""

import asyncio
import base64
import importlib
import json
import sys

import websockets
from ocpp.charge_point import camel_to_snake_case, snake_to_camel_case
from ocpp.exceptions import OCPPError
from ocpp.routing import on

PACKAGES = {"ocpp1.6": "ocpp.v16", "ocpp2.0.1": "ocpp.v201", "ocpp2.1": "ocpp.v21"}


def say(**line):
    print(json.dumps(line), flush=True)


def answering(action, answer, results):
    """The library finds handlers by their names, and holds what they take and give to its schemas."""

    def handler(self, **payload):
        say(commanded=action, payload=snake_to_camel_case(payload))
        return getattr(results, action)(**camel_to_snake_case(answer))

    handler.__name__ = f"on_{action}"
    return on(action)(handler)


class Charger:
    async def connect(self, url, id, password, version, answers):
        package = importlib.import_module(PACKAGES[version])
        self.calls = package.call
        handlers = {f"on_{action}": answering(action, answer, package.call_result) for action, answer in answers.items()}
        proof = base64.b64encode(f"{id}:{password}".encode()).decode()
        self.socket = await websockets.connect(
            f"{url}/{id}", subprotocols=[version], additional_headers={"Authorization": f"Basic {proof}"}
        )
        assert self.socket.subprotocol == version, self.socket.subprotocol
        self.point = type("Point", (package.ChargePoint,), handlers)(id, self.socket)
        self.listening = asyncio.create_task(self.point.start())

    async def call(self, action, payload):
        request = getattr(self.calls, action)(**camel_to_snake_case(payload))
        answer = await self.point.call(request, suppress=False)
        return snake_to_camel_case({key: value for key, value in vars(answer).items() if value is not None})

    async def disconnect(self):
        await self.socket.close()
        await asyncio.gather(self.listening, return_exceptions=True)


async def obey(charger, order):
    number, method = order.pop("order"), order.pop("do")
    try:
        say(order=number, value=await getattr(charger, method)(**order))
    except OCPPError as error:
        say(order=number, fault=f"{error.code}: {error.description} {error.details}")
    except Exception as error:
        say(order=number, fault=repr(error))


async def main():
    charger = Charger()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await obey(charger, json.loads(line))


asyncio.run(main())
