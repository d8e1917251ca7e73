# Where sessions live on a node.

# fail WORDS: they are what the controller shows.
fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# find_base: sets `user` and `base`, whether it exists or not.
find_base() {
    user=$(id -u)
    case ${TMPDIR:-} in
        /*) base=${TMPDIR%/}/rcontrol-$user ;;
        *) base=/tmp/rcontrol-$user ;;
    esac
}

# base_is_ours: a directory, not a link to one, and nobody else's.
base_is_ours() {
    [ -n "$(find "$base" -prune -type d -user "$user" 2>/dev/null)" ]
}
