#!/usr/bin/env bash
# setup.sh - what scripts/quickstart and tests/run share: packages, a sealed environment, the build.
#
# Sourced with the variable `root` set to the clone. Everything is written below "$root".
# shellcheck disable=SC2034,SC2154 # variables pass between this file and the one that sources it

# What the build needs, then what only the tests need. Debian 12 names.
build_packages=(gcc libc6-dev meson ninja-build pkgconf
  libcjson-dev libcurl4-openssl-dev libevent-dev libhttp-parser-dev liblua5.4-dev
  libsqlite3-dev libssl-dev
  zlib1g-dev libseccomp-dev) # optional: the features zlib and seccomp
test_packages=(lua5.4 python3 binutils libfaketime openssl)

packages_are_new=no # by install_packages

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

say() {
  printf '%s\n' "$*"
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_command() {
  printf 'apt-get install --no-install-recommends -y'
  printf ' %s' "$@"
}

# install_packages PRINT_ONLY PACKAGE...
# Prints the whole command, then runs it for what is missing. Never asks anything.
install_packages() {
  local print_only=$1 package missing=() as_root=()
  shift
  say "Packages (Debian 12):"
  say "  DEBIAN_FRONTEND=noninteractive $(apt_command "$@")"
  [ "$print_only" = no ] || return 0
  if ! command -v dpkg-query >/dev/null; then
    say "This is not a Debian system: install the same libraries yourself. Going on."
    return 0
  fi
  for package; do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    say "All of them are installed."
    return 0
  fi
  say "Missing: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      die "this needs root, and sudo would ask for a password. Run: sudo $(apt_command "${missing[@]}")"
    fi
    as_root=(sudo -n)
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q ||
    die "apt-get update failed"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --no-install-recommends -y -q "${missing[@]}" ||
    die "apt-get could not install: ${missing[*]}"
  packages_are_new=yes
}

# forget_aws: nothing of the caller's AWS set-up is left in this process or its children.
forget_aws() {
  local name
  while read -r name; do
    unset "$name"
  done < <(compgen -e | grep -E '^(AWS_|BOTO_)')
}

# seal_environment DIR: from here on nothing can reach AWS, a proxy or the user's files. HOME and
# the XDG folders lie in DIR; RUNBOOK_LOOPBACK_ONLY makes the plugin refuse any other endpoint.
seal_environment() {
  local dir=$1 name
  forget_aws
  for name in http_proxy https_proxy ftp_proxy all_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY; do
    unset "$name"
  done
  mkdir -p "$dir/home" "$dir/tmp" "$dir/run"
  chmod 700 "$dir/run"
  export no_proxy=localhost,127.0.0.1,::1 NO_PROXY=localhost,127.0.0.1,::1
  export HOME=$dir/home TMPDIR=$dir/tmp
  export XDG_CONFIG_HOME=$dir/home/.config XDG_STATE_HOME=$dir/home/.local/state
  export XDG_DATA_HOME=$dir/home/.local/share XDG_CACHE_HOME=$dir/home/.cache XDG_RUNTIME_DIR=$dir/run
  export AWS_CONFIG_FILE=$dir/home/no-aws-config AWS_SHARED_CREDENTIALS_FILE=$dir/home/no-aws-credentials
  export AWS_EC2_METADATA_DISABLED=true RUNBOOK_LOOPBACK_ONLY=1
}

# configure DIR OPTION...: meson's set-up of a build folder, once; again when packages were installed
# since, as it remembers what was not there. Compilers come as CC.
configure() {
  local dir=$1
  shift
  if [ -f "$dir/build.ninja" ]; then
    [ $packages_are_new = yes ] || return 0
    set -- --reconfigure "$@"
  fi
  mkdir -p "$dir"
  if ! meson setup "$dir" "$root" "$@" >"$dir/setup.log" 2>&1; then
    tail -n 20 "$dir/setup.log" >&2
    die "meson could not set up $dir (the whole output is in $dir/setup.log)"
  fi
}

# build DIR TARGET...: everything, or the targets named.
build() {
  local dir=$1
  shift
  if ! ninja -C "$dir" "$@" >"$dir/build.log" 2>&1; then
    tail -n 40 "$dir/build.log" >&2
    die "the build failed (the whole output is in $dir/build.log)"
  fi
}
