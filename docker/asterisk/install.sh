#!/usr/bin/env bash
# Unpacks a self-contained Asterisk into a folder; nothing is installed on the host, no root rights are needed.
#
#     docker/asterisk/install.sh 22 FOLDER     Asterisk 22, Debian sid's package
#     docker/asterisk/install.sh 16 FOLDER     Asterisk 16.28, Debian bullseye's with its security updates
#
# FOLDER then holds `asterisk`, which starts it with its own libraries (also `asterisk -rx …`), `root` with the
# packages, `data` with sounds in English and German, and `env`, the lines MODULES, DATA, SBIN, FAKETIME, VERSION.
# A library named in RINGPLAN_PRELOAD is loaded first: FAKETIME's, for a false clock.
# The mirror is that of the machine's own apt configuration. A second run finds its stamp and does nothing.
set -euo pipefail

version=${1:?which Asterisk: 22 or 16}
folder=${2:?where to}
case $version in
22) release=sid ;;
16) release=bullseye ;;
*) echo "no Asterisk $version: 22 or 16" >&2 && exit 2 ;;
esac

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
stamp="$(sha256sum <"$0") $folder"
[ "$(cat "$folder/.installed" 2>/dev/null)" != "$stamp" ] || exit 0
say() { echo "Asterisk $version: $1 ($SECONDS s)"; }

# The site from which this machine's apt has the suite $1, named by codename or, once its lists are there, otherwise.
site() {
    apt-get indextargets --format '$(COMPONENT) $(REPO_URI) $(RELEASE) $(CODENAME)' "Created-By: Packages" |
        awk -v suite="$1" '$1 == "main" && ($3 == suite || $4 == suite) && !found++ { print $2 }'
}

. /etc/os-release
mirror=$(site "$VERSION_CODENAME")
security=$(site "$VERSION_CODENAME-security")
[ -n "$mirror" ] || { echo "apt's sources name no mirror of Debian $VERSION_CODENAME main" >&2 && exit 1; }

work=$folder.part
root=$work/root
apt=$work/apt
rm -rf "$work"
mkdir -p "$root" "$work/data/sounds" "$apt"/{etc/apt.conf.d,etc/preferences.d,lists/partial,cache/archives/partial}
: >"$apt/status"

# An apt of its own: the machine's way to its mirror (proxies, certificates), nothing else of the machine's.
signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
echo "deb $signed $mirror $release main" >"$apt/etc/sources.list"
if [ "$release" != sid ]; then
    echo "deb $signed ${security:-${mirror%/}-security/} $release-security main" >>"$apt/etc/sources.list"
fi
{
    apt-config dump | grep '^Acquire::'
    cat <<END
Dir::Etc "$apt/etc"; Dir::Etc::netrc "/etc/apt/auth.conf"; Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
Dir::State "$apt"; Dir::State::Lists "$apt/lists"; Dir::State::status "$apt/status"; Dir::Cache "$apt/cache";
APT::Architecture "$(dpkg --print-architecture)"; APT::Install-Recommends "false"; APT::Sandbox::User "root";
Acquire::Languages "none"; Acquire::Retries "3"; Acquire::Check-Valid-Until "false"; Debug::NoLocking "true";
END
} >"$apt/apt.conf"
export APT_CONFIG=$apt/apt.conf

say "reading the package lists of $release"
apt-get update -qq
say "downloading"
apt-get install -y -qq --download-only asterisk asterisk-prompt-de libfaketime >"$work/download.log"
if [ "$release" = bullseye ]; then
    # A package of its own there, which mirrors of the security updates do not always have: the release's is of 16.28 too.
    cd "$apt/cache/archives"
    apt-get download -qq asterisk-voicemail 2>/dev/null || apt-get download -qq "asterisk-voicemail/$release"
    cd "$work"
fi
packages=("$apt"/cache/archives/*.deb)
say "unpacking ${#packages[@]} packages"
for package in "${packages[@]}"; do dpkg-deb -x "$package" "$root"; done
number=$(dpkg-deb -f "$apt"/cache/archives/asterisk_*.deb Version)
rm -rf "$apt" "$root"/usr/share/{doc,man,locale}

first() { (cd "$work" && find root -path "$1" | LC_ALL=C sort | sed -n 1p); }
loader=$(first '*-linux-gnu/ld-linux-*.so.*')
modules=$(first '*/asterisk/modules')
faketime=$(first '*/faketime/libfaketimeMT.so.1')
project=$(first '*/libasteriskpj.so*')
[ -n "$loader" ] && [ -n "$modules" ] && [ -n "$faketime" ] || { say "the packages are not as expected" >&2 && exit 1; }

# The package leaves the language folders to a step after its installation.
for shared in "$root"/usr/share/asterisk/*; do
    name=${shared##*/}
    [ "$name" = sounds ] || ln -s "../root/usr/share/asterisk/$name" "$work/data/$name"
done
ln -s ../../root/usr/share/asterisk/sounds/en_US_f_Allison "$work/data/sounds/en"
ln -s ../../root/usr/share/asterisk/sounds/de "$work/data/sounds/de"

triplet=${loader%/*}
libraries=$(printf '$here/%s\n' "$triplet" "root/usr/lib/${triplet##*/}" "${project%/*}" | awk '!seen[$0]++' | paste -sd:)
case $("$work/$loader" --help 2>&1) in
*--argv0*) argv0='--argv0 asterisk ' ;;
*) argv0='' ;; # the loader of bullseye does not know it
esac
cat >"$work/asterisk" <<END
#!/bin/sh
here=\$(cd "\${0%/*}" && pwd)
exec "\$here/$loader" --library-path "$libraries" \${RINGPLAN_PRELOAD:+--preload "\$RINGPLAN_PRELOAD"} \\
    $argv0"\$here/root/usr/sbin/asterisk" "\$@"
END
chmod +x "$work/asterisk"
"$work/asterisk" -V >/dev/null
cat >"$work/env" <<END
MODULES=$folder/$modules
DATA=$folder/data
SBIN=$folder/root/usr/sbin
FAKETIME=$folder/$faketime
VERSION=$number
END
rm -f "$work/download.log"
echo "$stamp" >"$work/.installed"
rm -rf "$folder"
mv "$work" "$folder"
say "installed $number"
