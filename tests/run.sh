#!/usr/bin/env bash
# Installs what the tests need into .venv, finds or installs Chromium, then lints and tests.
# Arguments go to pytest in place of its two parts. A part that fails leaves the others to run; the exit status tells.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt

find_chromium() {
    command -v chromium || command -v chromium-browser || command -v google-chrome || true
}
export CHROMIUM="${CHROMIUM:-$(find_chromium)}"
if [ -z "$CHROMIUM" ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium || true
    CHROMIUM="$(find_chromium)"
fi
# Without Debian's package the browser that Playwright downloads is used (CHROMIUM stays empty).
[ -n "$CHROMIUM" ] || .venv/bin/python -m playwright install --with-deps chromium

# Many tests start Python anew, which compiles all of the project where nothing compiled is kept.
unset PYTHONDONTWRITEBYTECODE

failed=""
part() {
    printf '\n== %s\n' "$*"
    .venv/bin/python -m "$@" || failed+="Failed: $*"$'\n'
}
part ruff check .
part ruff format --check .
if [ $# -gt 0 ]; then
    part pytest -m "" "$@"
else
    # Each process imports what it collects, and rewrites each assertion in it.
    part pytest -m "" --ignore=tests/browser
    part pytest -m "" tests/browser
fi
printf '%s' "$failed" >&2
[ -z "$failed" ]
