# start FARM NODE SESSION LEASE GRACE LOW RESIDENT SPEC SETTINGS ARGV...: returns once the supervisor
# is on its way. SPEC is kept; SETTINGS is the first line the renderer gets, if it is not empty.
find_base
farm=$1 node=$2 session=$3 lease=$4 grace=$5 low=$6 resident=$7 spec=$8 settings=$9
shift 9
# The renderer's files get the permissions that the user wants.
mask=$(umask)
umask 077
# The end of another session may just be removing it.
make_base() {
    if [ ! -e "$base" ] && [ ! -h "$base" ]; then
        mkdir "$base" || [ -e "$base" ] || return 1
    fi
    base_is_ours
}
[ -d "${base%/*}" ] || fail "$base cannot be made: No such file or directory"
make_base 2>/dev/null || make_base 2>/dev/null || make_base || fail "$base must be a directory owned by the user the farm logs in as: remove it"
chmod 700 "$base" || exit 1
apart=jobs
# dash and busybox have no job control without a terminal; Linux, where they are sh, has setsid.
if ! sh -c 'set -m; case $- in *m*) ;; *) exit 1 ;; esac' </dev/null >/dev/null 2>&1; then
    apart=setsid
    command -v setsid >/dev/null || fail "sh has no job control here and there is no setsid"
fi
folder=$base/$farm/$node/$session
# The end of another session may just be removing the empty folders above.
make_folder() {
    mkdir -p "$base/$farm/$node" && mkdir "$folder"
}
make_folder 2>/dev/null || make_folder 2>/dev/null || make_folder || exit 1
if ! { mkfifo "$folder/orders" && true >"$folder/output" && true >"$folder/alive" &&
    printf '%s\n' "$spec" | cat >"$folder/spec" &&
    printf '%s\n' "$settings" | cat >"$folder/settings" &&
    printf '%s\n' "$resident" | cat >"$folder/session.sh"; }; then
    rm -rf "$folder"
    exit 1
fi
sh "$folder/session.sh" supervise \
    "$folder" "$lease" "$grace" "@session-$session@" "$apart" "$mask" "$low" "$@" \
    </dev/null >/dev/null 2>&1 &
