# version PROGRAM WORD...: say where the program is, then have it say its version with the words.
path=$(command -v "$1") || exit 90
echo "$path"
shift
[ "$#" -eq 0 ] || exec "$path" "$@" </dev/null 2>&1
