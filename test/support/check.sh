#!/usr/bin/env bash
# `npm run check`: types, lint and format, then the quick tests (tidy, unit, golden). Stops at nothing, so
# that one run shows everything that is wrong; the exit code is 1 when any step failed.
set -u
cd "$(dirname "$0")/../.."
PATH="$PWD/node_modules/.bin:$PATH"
failed=()

step() {
  local name=$1
  shift
  local started=$SECONDS
  "$@" || failed+=("$name")
  echo "check: $name took $((SECONDS - started)) s"
}

step types tsc --noEmit --project .
if [ -e src/ui/tsconfig.json ]; then step 'types of the page' tsc --noEmit --project src/ui; fi
step 'lint and format' biome check --log-level=error
step tests vitest run --project quick "$@"

if [ "${#failed[@]}" -gt 0 ]; then
  printf 'check: failed: %s\n' "${failed[@]}"
  exit 1
fi
echo 'check: all good'
