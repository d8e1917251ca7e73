# list FARM NODE OWNER: take all sessions there and say what they are at.
# Three lines each: its name, its job's spec, and the last order it was given; what is missing is
# an empty line. Sessions of a newer epoch are left alone and left out.
find_base
base_is_ours || exit 0
for folder in "$base/$1/$2"/*; do
    [ -p "$folder/orders" ] || continue
    newer "$folder" "${3%%.*}" && continue
    claim "$folder" "$3" || continue
    # A session that is not watched would end while it is looked at.
    { true >"$folder/alive"; } 2>/dev/null
    printf '%s\n' "${folder##*/}"
    for file in spec given; do
        text=$(tail -n 1 "$folder/$file" 2>/dev/null)
        printf '%s\n' "$text"
    done
done
exit 0
