# attach FARM NODE SESSION OWNER OFFSET: the renderer's output from a byte on, on stdout; orders in.
# Lines on stdin: `>TEXT` is a line for the renderer, `?TOKEN PATH` a file to look at, and an empty
# one is a sign of life, as every line is. `TOKEN ok` or `TOKEN WORDS` comes on stderr.
LC_ALL=C
export LC_ALL
find_base
base_is_ours || fail "there is no session here"
folder=$base/$1/$2/$3 owner=$4 offset=$5
[ -p "$folder/orders" ] || fail "the session has ended"
{ echo "$owner" >"$folder/owner.$owner" && mv "$folder/owner.$owner" "$folder/owner"; } || exit 1
tail -c "+$((offset + 1))" -f "$folder/output" </dev/null 2>/dev/null &
follower=$!
trap 'kill "$follower" 2>/dev/null' EXIT
trap 'exit 1' HUP INT PIPE TERM
# Opened for both, a FIFO opens at once and takes lines when no renderer reads them.
exec 3<>"$folder/orders"
while IFS= read -r line; do
    { read -r newest <"$folder/owner"; } 2>/dev/null || fail "the session has ended"
    [ "$newest" = "$owner" ] || fail "the session has a newer owner"
    case $line in
        '>'*) printf '%s\n' "${line#?}" >&3 ;;
        '?'*) answer "${line#?}" </dev/null >/dev/null 3>&- & ;;
    esac
    { true >"$folder/alive"; } 2>/dev/null
done
