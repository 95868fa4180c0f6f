"""Checks a SCIM server by the client and the tester of Yaal Coop: `scim.py ADDRESS TOKEN DOMAIN`, a line of JSON a check."""

import json
import sys
import uuid

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server
from scim2_tester import filling
from scim2_tester.checkers import patch_add
from scim2_tester.checkers import patch_replace

address, token, domain = sys.argv[1:]
made = filling.generate_random_value


def in_our_domain(context, path, **more):
    """Addresses are in a domain that the organisation has verified; by itself the tester makes them of any."""
    value = made(context, path, **more)
    is_address = isinstance(value, str) and "@" in value
    return f"{uuid.uuid4()}@{domain}" if is_address or (value and str(path).endswith("userName")) else value


for module in (filling, patch_add, patch_replace):
    module.generate_random_value = in_our_domain

http = Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=30)
client = SyncSCIMClient(http)
client.discover()
for result in check_server(client):
    print(json.dumps({"status": result.status.name, "title": result.title, "reason": str(result.reason or "")}))
