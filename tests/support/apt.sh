#!/usr/bin/env bash
# tests/support/apt.sh NAME...: install the Debian packages that are missing, starting no daemon.
set -euo pipefail

missing=()
for name in "$@"; do
  dpkg -s "$name" 2>/dev/null | grep -q '^Status: install ok installed' || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0

get=(apt-get install --no-install-recommends "${missing[@]}")
if ! command -v apt-get >/dev/null; then
  echo "Missing, and this machine has no apt-get to fetch them: ${missing[*]}" >&2
  exit 1
elif [ "$(id -u)" != 0 ]; then
  printf 'Missing packages, which only root can install. Run:\n  sudo %s\n' "${get[*]}" >&2
  exit 1
fi

# While packages are set up, policy-rc.d 101 means "start nothing": the ports stay free.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

echo "Installing ${missing[*]} (once, about a minute) ..." >&2
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -q && "${get[@]}" -y -q; } >"$log" 2>&1; then
  cat "$log" >&2
  echo "apt-get failed: its output is above (kept in $log)." >&2
  exit 1
fi
rm -f "$log"
