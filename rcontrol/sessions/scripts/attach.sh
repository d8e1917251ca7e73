# attach FARM NODE SESSION OWNER OFFSET: the renderer's output from a byte on, on stdout; orders in.
# Lines on stdin: `>FACTS` TAB `TEXT` is a line for the renderer, FACTS what is written down of it;
# `?TOKEN PATH` a file to look at, `!TOKEN HIDDEN MADE FINAL...` files to look at and to publish, and
# an empty one is a sign of life, as every line is. `TOKEN ok` or `TOKEN WORDS` comes on stderr.
# Status 3: there is no session; 4: it is taken.
LC_ALL=C
export LC_ALL
gone() {
    echo "the session has ended" >&2
    exit 3
}
taken() {
    echo "the session has a newer owner" >&2
    exit 4
}
# owned: goes on only while the session is ours, or an older epoch's that came in between.
owned() {
    { read -r newest <"$folder/owner"; } 2>/dev/null || gone
    [ "$newest" != "$owner" ] || return 0
    [ "${newest%%.*}" -lt "$epoch" ] && claim "$folder" "$owner" || taken
}
find_base
base_is_ours || gone
folder=$base/$1/$2/$3 owner=$4 epoch=${4%%.*} offset=$5
[ -p "$folder/orders" ] || gone
newer "$folder" "$epoch" && taken
claim "$folder" "$owner" || exit 1
tail -c "+$((offset + 1))" -f "$folder/output" </dev/null 2>/dev/null &
follower=$!
trap 'kill "$follower" 2>/dev/null' EXIT
trap 'exit 1' HUP INT PIPE TERM
tab=$(printf '\t')
# Opened for both, a FIFO opens at once and takes lines when no renderer reads them.
exec 3<>"$folder/orders"
while IFS= read -r line; do
    owned
    case $line in
        '>'*)
            line=${line#?}
            # Written down first, then looked again: either who takes over finds the order
            # written down, or it is not given.
            { printf '%s\n' "${line%%"$tab"*}" >>"$folder/given"; } 2>/dev/null ||
                fail "the order cannot be written down"
            owned
            printf '%s\n' "${line#*"$tab"}" >&3
            ;;
        '?'*) answer "${line#?}" </dev/null >/dev/null 3>&- & ;;
        '!'*) publish "${line#?}" </dev/null >/dev/null 3>&- & ;;
    esac
    { true >"$folder/alive"; } 2>/dev/null
done
