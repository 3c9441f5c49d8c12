#!/bin/sh
# commit.sh VERSION CHECKOUT: commit one version of the guest book (v1, v2, v3, v4; in this order; or rename after v1) in a Git checkout.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# = 2 ] || { echo "usage: commit.sh v1|v2|v3|v4|rename CHECKOUT" >&2; exit 2; }
commit() { git -C "$checkout" -c user.name='Guest Book Team' -c user.email=team@guestbook.example -c commit.gpgsign=false -c core.autocrlf=false "$@"; }
version=$1 checkout=$2
case $version in
v1)
    cp -R "$here/v1/." "$checkout/"
    commit add --all
    commit commit --quiet -m 'A guest book: one page, a form, a database'
    ;;
v2 | v3 | v4 | rename) commit am --quiet "$here/$version.patch" ;;
*)
    echo "there is no version '$version'; there are v1, v2, v3, v4, rename" >&2
    exit 2
    ;;
esac
