#!/bin/sh
# Installs what package-lock.json asks for, when it is not there yet; some milliseconds when nothing is missing.
# Ends with a Node that can run this project at node_modules/.bin/node, or says what is wrong and fails.
set -eu
cd "$(dirname "$0")/.."

wanted=$(sed -n 's/^ *"node": "\([0-9][0-9.]*\)".*/\1/p' package.json)
node=node_modules/.bin/node
# Written after a whole install only, so that one that was interrupted, or that is of another lock file, is done again.
stamp=node_modules/.installed
lock=$(cksum <package-lock.json)

# The package 'node' brings its program by an install script, which an npm may have been told not to run.
complete_node() {
  [ -x "$node" ] || (cd node_modules/node && node installArchSpecificPackage) >&2 || true
}

if [ ! -x "$node" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ]; then
  echo "lockkeeper: installing the packages of package-lock.json" >&2
  npm ci --loglevel=error >&2 || {
    echo "lockkeeper: 'npm ci' failed (its messages are above); nothing was started" >&2
    exit 1
  }
  complete_node
fi

found=$("$node" --version 2>/dev/null) || found=none
if [ "$found" != "v$wanted" ]; then
  echo "lockkeeper: needs Node $wanted at $node, found: $found; remove node_modules and try again" >&2
  exit 1
fi
[ "$(cat "$stamp" 2>/dev/null)" = "$lock" ] || echo "$lock" >"$stamp"
