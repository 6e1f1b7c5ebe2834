#!/usr/bin/env bash
# What takes too long for every change, and is worth a night: `bash tests/nightly.sh`. Each part
# prints the numbers that it was asked for; a variable that is set already wins.
set -euo pipefail
cd "$(dirname "$0")/.."

# A bulk edit of 5,000 items, three deliveries each, against the real program.
TEST_BURST=5000 cargo test --locked --test it freshness::burst -- --nocapture

# Load: twenty thousand deliveries at once, and twenty kills in the middle of as many.
TEST_DELIVERIES=${TEST_DELIVERIES:-20000} TEST_KILLS=${TEST_KILLS:-20} \
    cargo test --locked --test it load::burst -- --nocapture

# Several processes over one PostgreSQL: kills, pauses, cuts and restarts, take-over times of real
# leases, and commits whose outcome is unknown. TEST_SEED repeats a run.
TEST_NIGHTLY=1 TEST_ROUNDS="${TEST_ROUNDS:-150}" \
    cargo test --locked --test it processes:: -- --nocapture --test-threads=1

# Every write that can find the disk full, every fsync that can fail, every page that can be damaged,
# every call of a migration that can be the last.
TEST_NIGHTLY=1 cargo test --locked --test it disk:: -- --nocapture

# The simulation: another 10,000 lives every day, or those that SIM_FIRST and SIM_SEEDS name.
export SIM_FIRST=${SIM_FIRST:-$(($(date +%s) / 86400 * 10000))} SIM_SEEDS=${SIM_SEEDS:-10000}
cargo test --locked --profile sim --test it simulation::whatever -- --nocapture

# Traces as a collector receives them; a build of its own.
cargo test --locked --features otel --test otel -- --nocapture

# Security: a million forged signatures.
FORGERIES=${FORGERIES:-1000000} \
    cargo test --locked --profile sim --test it security::hooks::one_flipped_bit_is_a_forgery -- --nocapture

# Fuzzing: a million inputs for each parser, a tenth of that for whole clients, servers and
# databases. An input that fails is left in the temporary folder; its place is
# tests/it/fuzz/corpus/TARGET/, where it is tried first for ever.
FUZZ_ROUNDS=${FUZZ_ROUNDS:-1000000} TEST_SEED=${TEST_SEED:-$(date +%s)} \
    cargo test --locked --profile sim --test it fuzz:: -- --nocapture

# Every known bug of src/mutants.rs has to be noticed by the simulation within 3,000 lives, all but
# the harmless one; and the program that holds them does not serve. `MUTANT=NoFence` takes one.
cargo test --locked --profile sim --features mutants --test it -- \
    simulation::mutants no_image_and_no_release --nocapture
