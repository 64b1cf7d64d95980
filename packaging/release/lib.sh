# What publish, promote, rollback, refresh and check have in common, for sourcing: the settings (see README.md), and the way of each of
# them: down, changed, up. Nothing is kept between two runs, and no private key is written to a disk.
# shellcheck shell=bash
set -euo pipefail

release=$(dirname "${BASH_SOURCE[0]}")
publisher=${WORKSHOP_RELEASE_PROGRAM:-workshop-release}
trust=${WORKSHOP_RELEASE_TRUST:-$release/trust}

stop() {
    echo "error: $*" >&2
    exit 1
}

# Sourced by those that reach the repository, which need all of it.
for setting in WORKSHOP_RELEASE_URL WORKSHOP_RELEASE_BUCKET; do
    [[ -n ${!setting:-} ]] || stop "$setting has no value: see $release/README.md"
done
for file in root.json keys.toml; do
    [[ -f $trust/$file ]] || stop "$trust/$file is missing: see $release/README.md"
done
ca=()
[[ -z ${WORKSHOP_RELEASE_CA_FILE:-} ]] || ca=(--ca-file "$WORKSHOP_RELEASE_CA_FILE")
cdn=()
[[ -z ${WORKSHOP_RELEASE_CLOUDFRONT:-} ]] ||
    cdn=(--invalidate "aws cloudfront create-invalidation --distribution-id $WORKSHOP_RELEASE_CLOUDFRONT --paths")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# down: gets what is published; of the binaries it gets none.
down() { "$publisher" fetch "$WORKSHOP_RELEASE_URL" "$work/repository" --root "$trust/root.json" "${ca[@]}" --metadata-only; }

# down_whole: the same with the binaries, which differences are made to.
down_whole() { "$publisher" fetch "$WORKSHOP_RELEASE_URL" "$work/repository" --root "$trust/root.json" "${ca[@]}"; }

# change COMMAND [ARGUMENT...]: has workshop-release change it.
change() { "$publisher" "$1" --repository "$work/repository" --keys "$trust/keys.toml" "${@:2}"; }

# up: uploads it, and reads it as a box does.
up() {
    "$publisher" sync "$work/repository" "$WORKSHOP_RELEASE_BUCKET" --through "$WORKSHOP_RELEASE_URL" "${ca[@]}" "${cdn[@]}" &&
        "$publisher" verify "$WORKSHOP_RELEASE_URL" --root "$trust/root.json" "${ca[@]}"
}
