# How the files of a frame get from the hidden folders in which they were made to their places.
#
# In each place's folder D an attempt has `D/HIDDEN`; HIDDEN is `.rcontrol-JOB/FRAME.EPOCH-NUMBER`.
# Attempts at a frame are fenced by these folders. Before an attempt moves a file it removes the
# folders of older ones, whose moves can only fail from then on; where there is a newer one it moves
# nothing. So the files of a frame come from one attempt, whatever a frozen node does when it thaws.

# publish "TOKEN HIDDEN MADE FINAL [MADE FINAL]...", all for `printf %b`: look at all files, then
# rename all. Answers `TOKEN ok`, or `TOKEN N WORDS` for the Nth file. May be asked for again by who
# has heard no answer.
publish() {
    # shellcheck disable=SC2086
    set -- $1
    token=$1 hidden=$2
    shift 2
    if each whole "$@" && each fenced "$@"; then
        { printf '%s\n' "$hidden" >>"$folder/published"; } 2>/dev/null
        if each moved "$@"; then
            each cleared "$@"
            words=ok
        fi
    fi
    printf '%s %s\n' "$token" "$words" >&2
}

# each WHAT MADE FINAL...: call WHAT with `made`, `final` and `home`, the folder that HIDDEN is in;
# stop at the first that fails.
each() {
    what=$1 number=0
    shift
    while [ $# -gt 0 ]; do
        number=$((number + 1))
        decode "$1"
        made=$path
        decode "$2"
        final=$path
        home=${made%%"/$hidden/"*}
        shift 2
        if ! "$what"; then
            words="$number $words"
            return 1
        fi
    done
}

whole() {
    # Moved already, by whoever asked before.
    if [ ! -e "$made" ] && [ -e "$final" ] &&
        grep -q -x -F -e "$hidden" "$folder/published" 2>/dev/null; then
        return 0
    fi
    examine "$made"
    [ "$words" = ok ] || return 1
    written "$made"
}

# written PATH: on the disk, where `sync` can say so of one file; elsewhere it flushes everything.
written() {
    said=$(sync "$1" 2>&1) && return 0
    case $said in
        *'Input/output error'* | *'No space left'* | *'quota'* | *'Stale'*)
            words="does not get to its disk: $said"
            return 1
            ;;
    esac
}

# fenced: no attempt but this one can move a file of the frame any more.
fenced() {
    ours=${hidden##*.}
    for other in "$home/${hidden%.*}".*; do
        theirs=${other##*.}
        case $theirs in
            "$ours" | *[!0-9-]*) continue ;;
        esac
        if [ "${theirs%-*}" -gt "${ours%-*}" ] ||
            { [ "${theirs%-*}" -eq "${ours%-*}" ] && [ "${theirs#*-}" -gt "${ours#*-}" ]; }; then
            words="belongs to a newer attempt by now"
            return 1
        fi
        # Twice, because its renderer may be adding a file.
        if ! said=$(rm -rf "$other" 2>&1 || rm -rf "$other" 2>&1); then
            words="cannot be published: what an older attempt has left cannot be removed: $said"
            return 1
        fi
    done
}

# moved: in one step, in the folder that the file belongs to.
moved() {
    [ -e "$made" ] || return 0
    if [ -d "$final" ]; then
        words="cannot be put in its place: there is a folder"
        return 1
    fi
    place=${final%/*}
    if [ "$place" = "$home" ]; then
        said=$(mv -f "$made" "$final" 2>&1)
    else
        # A folder below may lie on another disk, where a move is a copy: rename the copy.
        copy=$place/.rcontrol-${hidden##*/}-$number
        said=$({ mkdir -p "$place" && mv -f "$made" "$copy" && mv -f "$copy" "$final"; } 2>&1) ||
            { rm -f "$copy" && false; }
    fi || {
        words="cannot be put in its place: $said"
        return 1
    }
    sync "$place" 2>/dev/null
    return 0
}

cleared() {
    [ -d "$home/$hidden" ] || return 0
    rmdir "$home/$hidden" "$home/${hidden%/*}" 2>/dev/null
    if [ -d "$home/$hidden" ]; then
        # Of files in folders below, these are left.
        rm -rf "$home/$hidden"
        rmdir "$home/${hidden%/*}" 2>/dev/null
    fi
    return 0
}
