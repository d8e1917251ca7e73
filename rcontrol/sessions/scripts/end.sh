# end FARM NODE GRACE EPOCH only|except SESSION...: end these, or all but these, side by side.
# Prints `ended SESSION` or, when a process survived KILL, `left SESSION`. Sessions of a newer
# epoch are left alone.
find_base
base_is_ours || exit 0
home=$base/$1/$2 farm=$base/$1 grace=$3 epoch=$4 mode=$5
shift 5
for folder in "$home"/*; do
    [ -d "$folder" ] || continue
    session=${folder##*/}
    named=except
    for each in "$@"; do
        [ "$each" != "$session" ] || named=only
    done
    [ "$named" = "$mode" ] || continue
    newer "$folder" "$epoch" && continue
    if end_session "$folder" "$grace"; then
        echo "ended $session"
    else
        echo "left $session"
    fi &
done
wait
rmdir "$home" "$farm" "$base" 2>/dev/null
exit 0
