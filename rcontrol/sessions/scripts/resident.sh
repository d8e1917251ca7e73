# What stays on the node: `sh session.sh supervise|watch|launch ...`, from the session's folder.

# conclude FOLDER MARK STATUS: the end line comes after all that the renderer has printed.
conclude() {
    # A full disk may have room again later.
    until { printf '\n%s %s\n' "$2" "$3" >>"$1/output"; } 2>/dev/null; do
        [ -d "$1" ] || return 0
        sleep 1
    done
}

# supervise FOLDER LEASE GRACE MARK APART MASK LOW ARGV...
supervise() {
    trap '' HUP
    folder=$1 lease=$2 grace=$3 mark=$4 apart=$5 mask=$6 low=$7
    shift 7
    if [ "$apart" = jobs ]; then
        apart=
        set -m
    fi
    $apart sh "$folder/session.sh" watch "$folder" "$lease" "$grace" "$mark" $$ \
        </dev/null >/dev/null 2>&1 &
    $apart sh "$folder/session.sh" launch "$folder" "$mask" "$low" "$@" \
        0<>"$folder/orders" >>"$folder/output" 2>&1 &
    leader=$!
    # With job control on, wait also returns when the renderer is merely suspended.
    [ -n "$apart" ] || set +m
    wait "$leader"
    status=$?
    # What the renderer leaves behind ends with it; `status` says that nothing is left.
    if end_group "$leader" "$grace"; then
        { echo "$status" >"$folder/status"; } 2>/dev/null
    fi
    conclude "$folder" "$mark" "$status"
}

# launch FOLDER MASK LOW ARGV...: becomes the renderer; it leads its own process group already.
launch() {
    folder=$1 mask=$2 low=$3
    shift 3
    echo "$$ $(boot) $(birth $$)" >"$folder/pid.new" && mv "$folder/pid.new" "$folder/pid" || exit 126
    [ ! -e "$folder/stop" ] || exit 143
    # The FIFO keeps it until the renderer reads.
    grep . "$folder/settings" >&0
    # A renderer that is ended leaves its temporary files; these end with the folder.
    mkdir "$folder/tmp" && TMPDIR=$folder/tmp && export TMPDIR
    RCONTROL_HIDDEN=$folder/hidden
    export RCONTROL_HIDDEN
    umask "$mask"
    if [ "$low" = low ]; then
        exec nice -n 10 "$@"
    fi
    exec "$@"
}

# watch FOLDER LEASE GRACE MARK SUPERVISOR: end the session when nobody has been heard of for
# LEASE seconds. It counts its own sleeps: the clock may jump, and a suspended machine keeps time.
watch() {
    trap '' HUP
    folder=$1 lease=$2 grace=$3 mark=$4 supervisor=$5
    missed=0
    lost=no
    while [ "$missed" -lt "$lease" ]; do
        sleep 1
        [ -d "$folder" ] || exit 0
        missed=$((missed + 1))
        if [ -e "$folder/alive" ]; then
            rm -f "$folder/alive"
            missed=0
        fi
        if [ "$lost" = no ] && [ ! -e "$folder/status" ] && ! kill -0 "$supervisor" 2>/dev/null; then
            # Nobody is left to tell how the renderer ends, so it ends now.
            lost=yes
            if group=$(recorded_group "$folder"); then
                end_group "$group" "$grace"
            fi
            conclude "$folder" "$mark" 137
        fi
    done
    until end_session "$folder" "$grace"; do
        sleep 1
    done
    node=${folder%/*}
    rmdir "$node" "${node%/*}" "${node%/*/*}" 2>/dev/null
}

"$@"
