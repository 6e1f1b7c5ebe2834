#!/usr/bin/env bash
# What takes too long for every change: the same tests with larger figures.
set -euo pipefail
cd "$(dirname "$0")/.."

# A bulk edit of 5,000 items, three deliveries each, against the real program.
TEST_BURST=5000 cargo test --locked --test it freshness::burst -- --nocapture
