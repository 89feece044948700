#!/usr/bin/env bash
# Makes ready what a make target needs, one line per step that had something to do; the log is build/setup.log.
#
#     docker/setup.sh python          .venv/ with the pinned dependencies and the project itself
#     docker/setup.sh debian          Debian's packages of the servers and phones that tests start; starts none
#     docker/setup.sh browser         Chromium and a font, for tests and pictures of the portal
#     docker/setup.sh davmail         DavMail and a Java without a screen, which only long tests start
#     docker/setup.sh samba           the domain controller of Samba, which only long tests start
#     docker/setup.sh atheris         .servers/atheris, a Python with the fuzzer that only long tests use
#     docker/setup.sh asterisk-22     .servers/asterisk-22, also asterisk-16
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build .servers
log=build/setup.log
exec 9>.servers/.lock
flock 9
exec </dev/null

packages=(sip-tester espeak-ng sox sogo sogo-activesync memcached postgresql postgresql-client slapd ldap-utils)

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Run "$2…" with its output in the log, as one line of progress called $1.
step() {
    local title=$1 began=$SECONDS
    shift
    printf '%s … ' "$title"
    set +e # a condition around it would stop errors from ending it
    (set -e; "$@") >>"$log" 2>&1
    local result=$?
    set -e
    [ $result = 0 ] || { echo "failed" && tail -n 10 "$log" >&2 && fail "The whole log is $log."; }
    echo "$((SECONDS - began)) s"
}

# Those of the packages "$@" that are not installed.
missing() {
    dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | awk '$1 == "ii" { print $2 }' |
        sort | comm -13 - <(printf '%s\n' "$@" | sort)
}

# The services that start with the machine; none where systemd does not run.
enabled() {
    [ ! -d /run/systemd/system ] || systemctl list-unit-files --type service --state enabled --no-legend |
        awk '{ print $1 }' | sort
}

# Install packages without starting their services, now or later: tests start these servers, on ports of their own.
install_quietly() {
    local policy=/usr/sbin/policy-rc.d before
    before=$(enabled)
    [ ! -e $policy ] || mv $policy $policy.ringplan
    trap "rm -f $policy; [ ! -e $policy.ringplan ] || mv $policy.ringplan $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    export DEBIAN_FRONTEND=noninteractive
    local install=(apt-get install -y -q --no-install-recommends "$@")
    "${install[@]}" || { apt-get update -q && "${install[@]}"; }
    comm -13 <(echo "$before") <(enabled) | xargs -r systemctl disable
}

debian() {
    local wanted
    mapfile -t wanted < <(missing "$@")
    [ ${#wanted[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || fail "Debian packages are missing. As root: apt-get install ${wanted[*]}"
    step "Debian packages ${wanted[*]}" install_quietly "${wanted[@]}"
}

# A Python 3.11 or later that can make virtual environments; Debian's needs a package for it.
find_python() {
    local each
    for each in python3.11 python3 /usr/bin/python3; do
        if "$each" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$each"
            return
        fi
    done
}

make_venv() {
    local part clear=()
    grep -qsxF "$PWD" .venv/.made || clear=(--clear)
    "$1" -m venv "${clear[@]}" .venv
    .venv/bin/pip install --no-deps --only-binary :all: --require-hashes \
        -r requirements/runtime.txt -r requirements/dev.txt
    .venv/bin/pip install --no-deps --no-build-isolation --no-index --editable .
    .venv/bin/pip check
    for part in .venv/share/ringplan/*; do # as the package itself: not a copy, but the checkout's own
        rm -rf "$part"
        ln -s "$PWD/${part##*/}" "$part"
    done
    python_stamp >.venv/.made
}

python_stamp() { cat requirements/*.txt pyproject.toml docker/setup.sh | sha256sum && pwd; }

python() {
    [ ! -x .venv/bin/python ] || [ "$(cat .venv/.made 2>/dev/null)" != "$(python_stamp)" ] || return 0
    local found
    found=$(find_python)
    if [ -z "$found" ]; then
        debian python3-venv
        found=$(find_python)
    fi
    [ -n "$found" ] || fail "Python 3.11 or later with the module venv is needed."
    step "Python packages in .venv" make_venv "$found"
}

make_atheris() {
    "$1" -m venv --clear .servers/atheris
    .servers/atheris/bin/pip install --no-deps --only-binary :all: --require-hashes -r docker/atheris.txt
    cp docker/atheris.txt .servers/atheris/.made
}

atheris() {
    cmp -s docker/atheris.txt .servers/atheris/.made || step "atheris" make_atheris .venv/bin/python
}

for each; do
    case $each in
    python) python ;;
    debian) debian "${packages[@]}" ;;
    samba) debian samba-ad-dc samba-ad-provision ;;
    browser) debian chromium fonts-inter ;;
    atheris) atheris ;;
    davmail) debian davmail-server default-jre-headless ;;
    asterisk-*) docker/asterisk/install.sh "${each#*-}" ".servers/$each" 2>>"$log" || fail "See the end of $log." ;;
    *) fail "nothing is called $each" ;;
    esac
done
