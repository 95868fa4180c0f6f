#!/usr/bin/env bash
# Starts the platform and pastes the README's tour, block by block, against it.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
chmod 711 "$work"
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
PORT=$port OHMNIBUS_DATA=$work/data node tools/ohmnibus.js start >"$work/start.log" 2>&1 &
platform=$!
finish() {
  kill -TERM "$platform" 2>/dev/null || true
  wait "$platform" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

for _ in $(seq 1 300); do
  curl -fs "http://localhost:$port/health/ready" >/dev/null && break
  kill -0 "$platform" 2>/dev/null || { cat "$work/start.log"; echo 'The platform ended.'; exit 1; }
  sleep 0.1
done

# Only the sh blocks of the tour, with this run's port and folder.
awk '/^## A five-minute tour/ {tour=1} /^## Commands/ {tour=0} tour && /^```sh/ {block=1; next} /^```/ {block=0} tour && block' README.md |
  sed "s#http://localhost:8080#http://localhost:$port#; s#^MAILS=.*#MAILS=$work/data/notifications#" >"$work/tour.sh"
(cd "$work" && bash -euo pipefail tour.sh) >"$work/tour.log" 2>&1 || { cat "$work/tour.log" "$work/start.log"; echo 'The tour of the README does not run.'; exit 1; }

for seen in '"expiresAt"' '"email":"ada@example.com"' '"identifier":"BP-2024-011"' '"@type":"BatteryPassport"' 'Passaport tal-batterija' '"linkset"' '"sha256"' '"event":"passport.created"' 'id: 1' 'notifications/'; do
  grep -q "$seen" "$work/tour.log" || { cat "$work/tour.log"; echo "The tour did not show $seen."; exit 1; }
done
grep -q 'First admin' "$work/start.log" || { cat "$work/start.log"; echo 'The first admin was not printed.'; exit 1; }
echo 'The tour of the README runs as pasted.'
