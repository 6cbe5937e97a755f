# Compilers and system libraries from Debian's packages, without a change to the system: a state of apt's
# own under target/debian knows the other architectures and the other release; packages are unpacked, not
# installed. To be sourced, by bash. What it makes:
#
#   target/debian/rust-VERSION    rustc and cargo of that version, with the standard libraries to compile for
#   target/debian/TRIPLE          a sysroot: C library, headers, SQLite
#
# A foreign architecture added to the system itself breaks `apt-get update` where one of its sources
# does not carry it.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DEBIAN=$ROOT/target/debian

say() { printf '== %s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# Installs what the scripts need beside tests/tools, where that is allowed: `need command:package ...`.
# `/path:package` asks for a file.
need() {
    local missing=() each what
    for each; do
        what=${each%%:*}
        [ -e "$what" ] || "$what" --version > /dev/null 2>&1 || missing+=("${each#*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing: ${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        "${missing[@]}" > /dev/null || die "please install: ${missing[*]}"
}

# apt with the private state, made at the first use. The mirror is the one that the machine uses; only the
# suites themselves are listed: their security archives have other versions for some architectures.
apt_private() {
    local state=$DEBIAN/apt
    if [ ! -e "$state/ready" ]; then
        local mirror
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' \
            | sed -n 1p)
        [ -n "$mirror" ] || mirror=$(sed -nE 's/^(URIs:|deb( \[[^]]*\])?) *([^ ]*\/debian)\/?( .*)?$/\3/p' \
            /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | sed -n 1p)
        [ -n "$mirror" ] || die "no mirror of Debian in /etc/apt"
        mkdir -p "$state"/{lists,archives}/partial "$state"/{conf,preferences,parts}.d
        : > "$state/status"
        cat > "$state/apt.conf" <<END
Dir "$state";
Dir::State "$state";
Dir::State::status "$state/status";
Dir::Cache "$state";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc "$state";
Dir::Etc::parts "$state/conf.d";
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "$state/parts.d";
Dir::Etc::preferencesparts "$state/preferences.d";
Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";
APT::Architectures { "amd64"; "arm64"; "armhf"; };
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false";
APT::Sandbox::User "$(id -un)";
END
        local key=/usr/share/keyrings/debian-archive-keyring.gpg suite
        for suite in bookworm bullseye; do
            echo "deb [signed-by=$key arch=amd64,arm64,armhf] $mirror $suite main"
        done > "$state/sources.list"
        say "reading Debian's package lists"
        APT_CONFIG=$state/apt.conf apt-get update -qq
        touch "$state/ready"
    fi
    APT_CONFIG=$state/apt.conf "$@"
}

# Unpacks packages: `unpack FOLDER package[:architecture]/suite ...`.
unpack() {
    local folder=$1 debs each
    shift
    debs=$(mktemp -d -p "$DEBIAN")
    (cd "$debs" && apt_private apt-get -qq download "$@")
    for each in "$debs"/*.deb; do
        dpkg-deb -x "$each" "$folder"
    done
    rm -rf "$debs" "$folder/usr/share/doc" # links in it lead to packages that are not there
}

# rustc and cargo: `rust 1.85` is bookworm's, `rust 1.78` bullseye's. Sets RUST to the folder that holds them.
rust() {
    local version=$1 suite libraries
    case $version in
        1.85) suite=bookworm libraries=(libllvm19/bookworm) ;;
        1.78) suite=bullseye libraries=(libllvm16/bookworm libssl1.1/bullseye) ;;
        *) die "no package of Debian's has Rust $version" ;;
    esac
    RUST=$DEBIAN/rust-$version
    [ ! -e "$RUST/ready" ] || return 0
    need /usr/lib/x86_64-linux-gnu/lib{curl.so.4:libcurl4,ssh2.so.1:libssh2-1,sqlite3.so.0:libsqlite3-0} \
        /usr/lib/x86_64-linux-gnu/libxml2.so.2:libxml2
    say "unpacking Rust $version"
    rm -rf "$RUST"
    mkdir -p "$RUST"
    unpack "$RUST" {rustc-web,cargo-web,libstd-rust-web-$version,libstd-rust-web-dev}/$suite \
        {libpcre3,libhttp-parser2.9,libz3-4,libedit2,libbsd0,libmd0,libffi8}/bookworm "${libraries[@]}" \
        libstd-rust-web-dev:{arm64,armhf}/$suite
    local tool
    for tool in rustc cargo; do
        # No C library is among the packages: a second one in this path breaks every program.
        cat > "$RUST/$tool" <<END
#!/bin/sh
RUSTC=$RUST/rustc LD_LIBRARY_PATH=$RUST/usr/lib/x86_64-linux-gnu:$RUST/lib/x86_64-linux-gnu \\
    exec $RUST/usr/bin/$tool "\$@"
END
        chmod +x "$RUST/$tool"
        "$RUST/$tool" --version || die "$tool $version does not run here"
    done
    touch "$RUST/ready"
}

# The sysroot of a target: `sysroot aarch64` or `sysroot armv7`. Sets the names that go with it.
sysroot() {
    case $1 in
        aarch64)
            TARGET=aarch64-unknown-linux-gnu TRIPLE=aarch64-linux-gnu ARCH=arm64 QEMU=qemu-aarch64-static
            ;;
        armv7)
            TARGET=armv7-unknown-linux-gnueabihf TRIPLE=arm-linux-gnueabihf ARCH=armhf QEMU=qemu-arm-static
            ;;
        *) die "no such target: $1" ;;
    esac
    need "$TRIPLE-gcc:gcc-$TRIPLE" "$QEMU:qemu-user-static" pkg-config:pkg-config
    SYSROOT=$DEBIAN/$TRIPLE
    [ ! -e "$SYSROOT/ready" ] || return 0
    say "unpacking a sysroot for $ARCH"
    rm -rf "$SYSROOT"
    mkdir -p "$SYSROOT"
    unpack "$SYSROOT" {libc6,libc6-dev,linux-libc-dev,libgcc-s1,libsqlite3-0,libsqlite3-dev}:$ARCH/bookworm
    # Absolute links would lead to the machine's own files.
    local link
    find "$SYSROOT" -type l -lname '/*' | while read -r link; do
        ln -sfr "$SYSROOT$(readlink "$link")" "$link"
    done
    touch "$SYSROOT/ready"
}

# A copy of what ships, and of the crate of the tests, whose manifest cargo wants to see, with a lock file of
# its own: `package FOLDER LOCK`.
package() {
    rm -rf "$1"
    mkdir -p "$1"
    cp -r "$ROOT"/{Cargo.toml,README.md,src,examples,benches,testing} "$1"
    cp "$2" "$1/Cargo.lock"
}

# Holds back, in the folder, what in Cargo.lock needs a newer compiler than Rust 1.85: rusqlite 0.40 does.
hold_back() {
    "$1/cargo" update --quiet rusqlite --precise 0.39.0
}

# Cargo's environment for the target of the last `sysroot`: compiler, linker (GNU ld), pkg-config.
cross_environment() {
    local lower=${TARGET//-/_} upper
    upper=${lower^^}
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS # they would win
    export "CC_$lower=$TRIPLE-gcc" "AR_$lower=$TRIPLE-ar" "CFLAGS_$lower=--sysroot=$SYSROOT"
    export "CARGO_TARGET_${upper}_LINKER=$TRIPLE-gcc"
    export "CARGO_TARGET_${upper}_RUSTFLAGS=-Clink-arg=--sysroot=$SYSROOT -Clink-arg=-fuse-ld=bfd"
    export PKG_CONFIG_ALLOW_CROSS=1 PKG_CONFIG_SYSROOT_DIR=$SYSROOT
    export PKG_CONFIG_LIBDIR=$SYSROOT/usr/lib/$TRIPLE/pkgconfig:$SYSROOT/usr/share/pkgconfig
}

# What is installed of what cargo built for the target of the last `sysroot`: `libraries FROM FOLDER`. The
# static library only if it was built.
libraries() {
    rm -rf "$2"
    mkdir -p "$2"
    cp "$1/libevcp.so" "$2"
    [ ! -e "$1/libevcp.a" ] || CC=$TRIPLE-gcc "$ROOT/packaging/hide-symbols" "$1/libevcp.a" "$2/libevcp.a"
}

# The C programs against the libraries for the target of the last `sysroot`: `programs FOLDER` finds these in
# the folder and leaves them there.
programs() {
    local folder=$1 sources
    for sources in "$ROOT/examples/c/minimal.c" "$ROOT/examples/c/charger" "$ROOT/tests/capi/test_capi.c"; do
        [ ! -d "$sources" ] || sources=$sources/*.c
        # shellcheck disable=SC2086 # a folder is all the sources in it
        "$TRIPLE-gcc" --sysroot="$SYSROOT" -std=c11 -Os -Wall -Wextra -Wpedantic -Werror -I"$ROOT/include" \
            $sources -o "$folder/$(basename "${sources%/\*.c}" .c)" -L"$folder" -levcp -lpthread -lm \
            -Wl,-rpath,"$folder"
    done
    # With the SQLite of the sysroot where it is not inside: what is not needed is left out.
    [ ! -e "$folder/libevcp.a" ] || "$TRIPLE-gcc" --sysroot="$SYSROOT" -std=c11 -I"$ROOT/include" "$ROOT"/examples/c/charger/*.c \
        -o "$folder/charger-static" "$folder/libevcp.a" -Wl,--as-needed -lsqlite3 -lgcc_s -lpthread -lm -ldl
    # What the tests need to know to run them.
    printf '{"triple": "%s", "sysroot": "%s", "qemu": "%s"}\n' "$TRIPLE" "$SYSROOT" "$QEMU" \
        > "$folder/target.json"
    printf '%s: libevcp.so %s bytes\n' "${folder#"$ROOT"/target/}" "$(stat -c %s "$folder/libevcp.so")"
}

# The tests of what was built: `run_tests FOLDER ...`, each as `programs` left it.
run_tests() {
    make -s -C "$ROOT" .venv/ready
    local IFS=:
    (cd "$ROOT/tests/cross" && EVCP_BUILDS="$*" PYTHONPATH=../python PYTHONDONTWRITEBYTECODE=1 \
        ../../.venv/bin/python -m pytest -c ../python/pytest.ini --rootdir . -p conftest test_cross.py)
}
