#!/usr/bin/env bash
# pgvector for the PostgreSQL 15 of Debian 12, which has none: built from Debian's own source package of the release after, once, into a folder of its
# own. Nothing is installed. The tests start their server with it when it is there (cloud/server/src/testing/postgres-programs.ts).
set -euo pipefail
out=${1:-${TMPDIR:-/tmp}/jidoka-pgvector-15}
library=$out/usr/lib/postgresql/15/lib/vector.so
[ -e "$library" ] && echo "$out" && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
of_machine=/etc/apt/sources.list.d/debian.sources
archive=$(awk '/^URIs:/ { print $2; exit }' "$of_machine" 2>/dev/null || true)
key=$(awk '/^Signed-By:/ { print $2; exit }' "$of_machine" 2>/dev/null || true)
[ -n "$archive" ] || { echo "$of_machine names no archive of Debian to take the packages from." >&2; exit 1; }
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/headers" "$work/source"
echo "deb-src [signed-by=${key:-/usr/share/keyrings/debian-archive-keyring.gpg}] $archive trixie main" >"$work/sources.list"
# Lists and packages of their own: what the machine knows of its archive stays as it is.
of_next=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
(
  cd "$work"
  apt-get "${of_next[@]}" update
  apt-get "${of_next[@]}" source --download-only pgvector
  # Installed, the headers would bring the server along that they belong to.
  apt-get -qq -o APT::Sandbox::User=root download postgresql-server-dev-15
  dpkg -x postgresql-server-dev-15_*.deb headers
  tar -xf pgvector_*.orig.tar.* -C source --strip-components=1
) >&2
# OPTFLAGS: for any processor, not for the one that builds.
make --silent -C "$work/source" -j2 install DESTDIR="$work/out" with_llvm=no OPTFLAGS= \
  PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config \
  includedir_server="$work/headers/usr/include/postgresql/15/server" >&2
# Headers for other extensions.
rm -rf "${work:?}/out/${work#/}" "$work/out/tmp"
# The server runs as another user.
chmod -R a+rX "$work/out"
mkdir -p "$(dirname "$out")"
rm -rf "$out"
mv "$work/out" "$out"
[ -e "$library" ]
echo "$out"
