#!/usr/bin/env bash
# Fetches about 60 MB of English text from two Debian packages, for training and for tests. Nothing is installed; root is only needed where apt has no package lists yet.
#   scripts/fetch-corpus.sh [DIR]     default: data/english-text
# DIR/gcide.jsonl        the Collaborative International Dictionary of English: a document is a page of neighbouring entries, about 1.5 KB
# DIR/linux-doc/…        the English documentation of the Linux kernel: a document is a file
# DIR/LICENCES           whose text it is, and under which licence (GPL); read it before you pass the text on
# Does nothing where DIR is there. It is made beside its place and renamed, so it is whole or not there.
set -euo pipefail

usage() { echo "usage: $0 [DIR]" >&2; exit 2; }

[ $# -le 1 ] || usage
dir=${1:-data/english-text}
dir=${dir%/}
case "$dir" in "" | -*) usage ;; esac

fail() {
    echo "error: $1" >&2
    echo "       Do: $2" >&2
    exit "${3:-5}"
}

megabytes() { awk '{ printf "%.1f MB", $1 / 1e6 }'; }

totals() {
    echo "$dir: $(wc -l <"$dir/gcide.jsonl") pages of a dictionary, $(wc -c <"$dir/gcide.jsonl" | megabytes);" \
        "$(find "$dir/linux-doc" -type f | wc -l) files of kernel documentation, $(find "$dir/linux-doc" -type f -print0 | xargs -0 cat | wc -c | megabytes)"
}

if [ -e "$dir/LICENCES" ] && [ -e "$dir/gcide.jsonl" ] && [ -d "$dir/linux-doc" ]; then totals; exit; fi
[ ! -e "$dir" ] || [ -z "$(ls -A "$dir" 2>&1)" ] || fail "$dir: something that is not this corpus is there" "name another folder, or remove it" 3

for program in apt-get apt-cache dpkg-deb iconv; do
    command -v $program >/dev/null || fail "there is no program '$program', which unpacks Debian's packages" "run on Debian or Ubuntu and copy the folder, or prepare text of your own"
done
mkdir -p "$(dirname "$dir")" 2>/dev/null && [ -w "$(dirname "$dir")" ] || fail "$(dirname "$dir"): it cannot be written" "name a folder where you may write"
work=$(mktemp -d "$(dirname "$dir")/.$(basename "$dir").fetching-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

known() { apt-cache --quiet show "$1" >/dev/null 2>&1; }
# A fresh container has no package lists.
if ! known dict-gcide; then
    { [ "$(id -u)" -eq 0 ] && apt-get -qq update; } >"$work/log" 2>&1 || { [ "$(id -u)" -ne 0 ] && sudo -n apt-get -qq update; } >>"$work/log" 2>&1 || true
    known dict-gcide || { sed 's/^/  /' "$work/log" >&2; fail "apt knows no package dict-gcide" "apt-get update as root, on Debian or Ubuntu with the section main (universe)"; }
fi
# Debian 12's kernel; elsewhere the newest that there is.
kernel=linux-doc-6.1
known $kernel || kernel=$(apt-cache search --names-only '^linux-doc-[0-9.]+$' | cut -d' ' -f1 | sort -V | tail -1)
[ -n "$kernel" ] || fail "apt knows no package linux-doc-6.1, nor another linux-doc-N" "use the package sources of Debian 12"

echo "fetching dict-gcide and $kernel (52 MB)" >&2
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download dict-gcide "$kernel") >"$work/log" 2>&1 ||
    { sed 's/^/  /' "$work/log" >&2; fail "apt could not download dict-gcide and $kernel" "check the network and the package sources (apt-get update), and run $0 again"; }
for package in "$work"/*.deb; do
    dpkg-deb --extract "$package" "$work/unpacked" 2>"$work/log" ||
        { sed 's/^/  /' "$work/log" >&2; fail "$(basename "$package") could not be unpacked" "make room on the disk ($(df -h "$work" | awk 'END { print $4 }') are free, 500 MB are needed), and run $0 again"; }
done
share=$work/unpacked/usr/share new=$work/corpus
dictionary=$share/dictd/gcide.dict.dz docs=$(echo "$share"/doc/linux-doc-*/Documentation)
[ -f "$dictionary" ] && [ -d "$docs" ] || fail "dict-gcide and $kernel do not hold the text where it is expected" "use the package sources of Debian 12"
mkdir -p "$new/linux-doc"

# An entry begins in the first column after an empty line. Left out: what stands before the first one, and the marks of who wrote a paragraph ("[1913 Webster]"),
# 220,000 lines that say nothing. The characters that are not ASCII are of Windows. Entries are gathered into pages, because most have only 60 tokens.
gzip -dc <"$dictionary" | iconv -f CP1252 -t UTF-8 | sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/\\t/g' | LC_ALL=C awk '
    function turn() { if (page != "") print "{\"text\":\"" page "\"}"; page = "" }
    /^ *\[[^]]*(Webster|WordNet|PJC|Century Dict)[^]]*\]$/ { next }
    /^$/ { empty = 1; next }
    /^[^ ]/ && empty && /\\/ { begun = 1; if (length(page) >= 1200) turn() }
    begun { page = page (page == "" ? "" : empty ? "\\n\\n" : "\\n") $0 }
    { empty = 0 }
    END { turn() }' >"$new/gcide.jsonl"

(cd "$docs" && find . -path ./translations -prune -o -type f \( -name '*.rst' -o -name '*.rst.gz' -o -name '*.txt' -o -name '*.txt.gz' \) -print0) |
    while IFS= read -r -d '' file; do
        mkdir -p "$new/linux-doc/${file%/*}"
        case $file in
            *.gz) gzip -dc <"$docs/$file" >"$new/linux-doc/${file%.gz}" ;;
            *) cp "$docs/$file" "$new/linux-doc/$file" ;;
        esac
    done

{
    echo "This folder holds text of others, fetched by scripts/fetch-corpus.sh from Debian's packages:"
    (cd "$work" && for package in *.deb; do echo "  $(dpkg-deb --field "$package" Package) $(dpkg-deb --field "$package" Version)"; done)
    cat <<'LICENCES'

gcide.jsonl   The Collaborative International Dictionary of English, after Webster's Revised Unabridged Dictionary of 1913 and WordNet, edited by Patrick Cassidy:
              GNU General Public License, version 2 or later. Left out: the preface, and the marks of the authors of each paragraph.
linux-doc/    Documentation of the Linux kernel, by its many authors: GNU General Public License, version 2 only, where a file does not name another licence. The files are unchanged.

LICENCES
    for copyright in "$share"/doc/dict-gcide/copyright "$share"/doc/linux-doc-*/copyright; do
        echo "==== $(basename "$(dirname "$copyright")"): copyright ===="
        cat "$copyright"
        echo
    done
} >"$new/LICENCES"

# An empty folder is replaced; if somebody else has just made the corpus, theirs is as good.
[ ! -d "$dir" ] || rmdir "$dir" 2>/dev/null || true
mv -T "$new" "$dir" 2>"$work/log" || [ -e "$dir/LICENCES" ] || fail "$dir: $(cat "$work/log")" "name another folder, or remove what is there"
totals
