# What stays beside a renderer that renders one frame and ends: `sh -c TEXT sh MARK PROGRAM`.
#
# stdin: first the folder in which to run, then one order a line: NAME FRAME HIDDEN PLACE COUNT,
# COUNT files, and the program's arguments. Every word is spelled for `printf %b` behind a `=`. An
# order whose NAME was taken before is passed over. With HIDDEN, the program is to save in
# PLACE/HIDDEN, and what it leaves there is the frame. Without, the frame is those files; PLACE, too,
# is empty where nobody knows it.
#
# stdout: between the program's own lines, lines of MARK and a word:
#
#     ready                  orders are awaited
#     begun FRAME            an order was taken
#     file MADE FINAL        a file that was made, and where it belongs, both in hex
#     unwritten FILE         a file that is not there, or no other than it was, in hex
#     refused FRAME WORDS    the folder could not be made; the words of the system, in hex
#     ended FRAME STATUS fenced|direct
#                            the program's exit status, 128 + N for signal N; with HIDDEN or without
#
# Needs mkdir, touch, find, ls, awk, od and tr.
mark=$1 program=$2 tmp=${TMPDIR:-/tmp} before=

say() {
    # The newline in front closes a line that the program has left open.
    printf '\n%s%s\n' "$mark" "$*"
}

hex() {
    printf '%s' "$1" | od -v -A n -t x1 | tr -d ' \t\n'
}

# decode WORD: sets `word` to what it is spelled for.
decode() {
    # The x keeps newlines at the end.
    word=$(printf '%bx' "${1#=}")
    word=${word%x}
}

# room SPELLED: make the folder to save in; a hidden one is written down for whoever ends the session.
room() {
    if [ -z "$hidden" ]; then
        [ -z "$place" ] || mkdir -p "$place"
        return
    fi
    if [ -n "${RCONTROL_HIDDEN:-}" ]; then
        # The frame before may still be on its way to its place.
        printf '%s\n%s\n' "$before" "$1" >"$RCONTROL_HIDDEN.new" || return 1
        mv "$RCONTROL_HIDDEN.new" "$RCONTROL_HIDDEN" || return 1
    fi
    # Another attempt may just be removing the folder that they share.
    mkdir -p "$made" 2>/dev/null || mkdir -p "$made" || return 1
    # Whoever may write beside it may write, and clear up, in it.
    mode=$(ls -ld "$place/." | awk 'NR == 1 {
        for (i = 0; i < 3; i++) {
            may = substr($1, 2 + 3 * i, 3)
            gsub(/[-ST]/, "", may)
            gsub(/[st]/, "x", may)
            printf "%s%s=%s", i ? "," : "", substr("ugo", i + 1, 1), may
        }
    }')
    chmod "$mode" "$made" "${made%/*}" 2>/dev/null
    return 0
}

# tell_made: every file that is in the hidden folder.
tell_made() {
    find "$made" -type f -exec sh -c '
        hex() { printf %s "$1" | od -v -A n -t x1 | tr -d " \t\n"; }
        mark=$1 made=$2 place=$3
        shift 3
        for file in "$@"; do
            printf "\n%sfile %s %s\n" "$mark" "$(hex "$file")" "$(hex "$place${file#"$made"}")"
        done' sh "$mark" "$made" "$place" {} +
}

# remember FILE NUMBER: what it is before the program runs.
remember() {
    rm -f "$tmp/was.$$.$2"
    [ -e "$1" ] || return 0
    touch -r "$1" "$tmp/was.$$.$2"
    # Where programs know no parts of a second, what is written now has to be a second younger.
    for _ in 1 2; do
        true >"$tmp/now.$$"
        [ -z "$(find "$tmp/now.$$" -newer "$1")" ] || break
        sleep 1
    done
    rm -f "$tmp/now.$$"
}

# tell_written FILE NUMBER: whether it was written since.
tell_written() {
    if [ -e "$1" ] && { [ ! -e "$tmp/was.$$.$2" ] ||
        [ -n "$(find "$1" -prune -newer "$tmp/was.$$.$2")" ]; }; then
        say file "$(hex "$1")" "$(hex "$1")"
    else
        say unwritten "$(hex "$1")"
    fi
    rm -f "$tmp/was.$$.$2"
}

# each WHAT COUNT FILE...: call WHAT with each of the first COUNT words and its number.
each() {
    what=$1 left=$2
    shift 2
    while [ "$left" -gt 0 ]; do
        "$what" "$1" "$left"
        shift
        left=$((left - 1))
    done
}

# render FRAME COUNT FILE... ARGUMENT...
render() {
    frame=$1 count=$2
    shift 2
    each remember "$count" "$@"
    (
        shift "$count"
        exec "$program" "$@" </dev/null
    )
    status=$?
    # ksh93 says 256 + N of signal N.
    [ "$status" -le 256 ] || status=$((status - 128))
    if [ -n "$hidden" ]; then
        tell_made
        say ended "$frame" "$status" fenced
    else
        each tell_written "$count" "$@"
        say ended "$frame" "$status" direct
    fi
}

# obey WORD...: an order, still spelled.
obey() {
    spelled=${4#=}/${3#=}
    words=$#
    while [ "$words" -gt 0 ]; do
        decode "$1"
        shift
        set -- "$@" "$word"
        words=$((words - 1))
    done
    case $taken in
        *" $1 "*) return 0 ;;
    esac
    taken="$taken$1 "
    frame=$2 hidden=$3 place=$4
    made=$place/$hidden
    shift 4
    say begun "$frame"
    if ! said=$(room "$spelled" 2>&1); then
        say refused "$frame" "$(hex "$said")"
        return 0
    fi
    [ -z "$hidden" ] || before=$spelled
    render "$frame" "$@"
}

taken=' '
IFS= read -r folder || exit 0
decode "$folder"
cd "$word" || :
say ready
# Words are cut at blanks, and nothing in them stands for files.
set -f
while IFS= read -r line; do
    # shellcheck disable=SC2086
    [ -z "$line" ] || obey $line
done
