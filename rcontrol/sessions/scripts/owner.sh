# Whose a session is. A token is EPOCH.WORD.

# newer FOLDER EPOCH: status 0: it belongs to a newer epoch.
newer() {
    theirs=
    { read -r theirs <"$1/owner"; } 2>/dev/null
    theirs=${theirs%%.*}
    case $theirs in
        '' | *[!0-9]*) return 1 ;;
    esac
    [ "$theirs" -gt "$2" ]
}

# claim FOLDER TOKEN: from now on it is this one's.
claim() {
    { echo "$2" >"$1/owner.$2" && mv "$1/owner.$2" "$1/owner"; } 2>/dev/null
}
