#!/usr/bin/env bash
# A PostgreSQL 17 with pgvector beside the machine's own: a root folder with the Debian release that has them, made once. It takes root, as its programs
# are run by chroot. `npm run test:long` runs the store suite on it when it is there; alone:
#   JIDOKA_TEST_POSTGRES=17 npx vitest run cloud/server/src/store.pg.test.ts
set -euo pipefail
out=${1:-${TMPDIR:-/tmp}/jidoka-postgres-17}
[ -e "$out/usr/lib/postgresql/17/bin/postgres" ] && echo "$out" && exit 0

command -v mmdebstrap >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap >&2
of_machine=/etc/apt/sources.list.d/debian.sources
archive=$(awk '/^URIs:/ { print $2; exit }' "$of_machine" 2>/dev/null || true)
key=$(awk '/^Signed-By:/ { print $2; exit }' "$of_machine" 2>/dev/null || true)
[ -n "$archive" ] || { echo "$of_machine names no archive of Debian to take the packages from." >&2; exit 1; }
fresh=$out.$$
trap 'rm -rf "$fresh"' EXIT
# No cluster of its own: each test makes one.
mmdebstrap --quiet --variant=essential --include=postgresql-17,postgresql-17-pgvector \
  --essential-hook='mkdir -p "$1/etc/postgresql-common" && echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"' \
  trixie "$fresh" "deb [signed-by=${key:-/usr/share/keyrings/debian-archive-keyring.gpg}] $archive trixie main" >&2
chmod 1777 "$fresh/tmp"
mkdir -p "$fresh/dev/shm"
chmod 1777 "$fresh/dev/shm"
mv "$fresh" "$out"
echo "$out"
