#!/usr/bin/env bash
# `npm test`: every test, after installing what they need when that is allowed.
# Arguments go to vitest, e.g. `npm test -- test/crash`.
set -u
cd "$(dirname "$0")/../.."
PATH="$PWD/node_modules/.bin:$PATH"
test/support/install-packages.sh
vitest run "$@"
