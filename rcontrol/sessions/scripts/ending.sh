# Process groups: who they are and how they end. Needs kill, ps and awk.
# `kill -TERM -GROUP` is what every shell reads: after `-s` dash demands a `--`, busybox refuses it.

# nap: a tenth of a second where sleep knows fractions; adds the tenths slept to `napped`.
nap() {
    if sleep 0.1 2>/dev/null; then
        napped=$((napped + 1))
    else
        sleep 1
        napped=$((napped + 10))
    fi
}

# boot: names this start of the machine, on Linux and macOS.
boot() {
    cat /proc/sys/kernel/random/boot_id 2>/dev/null ||
        sysctl -n kern.bootsessionuuid 2>/dev/null ||
        echo unknown
}

# birth PID: tells a process from a later one with the same id; empty: there is none.
# Linux counts it in ticks since the boot, because what ps makes of them moves with the clock.
birth() (
    if [ -r /proc/self/stat ]; then
        fields=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
        # The name in parentheses may hold anything; the fields after it are numbers.
        fields=${fields##*) }
        printf '%s\n' "$fields" | awk '{ print $20 }'
    else
        LC_ALL=C ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' '_'
    fi
)

# group_lives GROUP: zombies do not count. It asks ps first: kill fails for more reasons than one.
group_lives() {
    # Busybox shows every process without -A, and does not know -A.
    { ps -A -o pgid= -o stat= 2>/dev/null || ps -o pgid= -o stat= 2>/dev/null; } |
        awk -v group="$1" '$1 == group && $2 !~ /^Z/ { found = 1 }
            END { exit NR ? !found : 2 }'
    case $? in
        2) kill -0 "-$1" 2>/dev/null ;;
        0) return 0 ;;
        *) return 1 ;;
    esac
}

# group_gone GROUP TENTHS: wait that long at most; status 1: it still lives.
group_gone() {
    napped=0
    while group_lives "$1"; do
        [ "$napped" -lt "$2" ] || return 1
        nap
    done
}

# end_group GROUP GRACE: TERM, so many tenths of a second, KILL; status 1: something is left.
end_group() {
    group_lives "$1" || return 0
    kill -TERM "-$1" 2>/dev/null
    # A stopped process takes TERM only when it goes on.
    kill -CONT "-$1" 2>/dev/null
    group_gone "$1" "$2" && return 0
    kill -KILL "-$1" 2>/dev/null
    group_gone "$1" 50
}

# recorded_group FOLDER: print the renderer's group, unless it is over or its id is someone else's.
# While a member lives no process can get the group's id; a leader born at another time, or
# another boot, means that the group is long gone.
recorded_group() (
    [ ! -e "$1/status" ] || return 1
    { read -r leader booted born <"$1/pid"; } 2>/dev/null || return 1
    [ "$booted" = "$(boot)" ] || return 1
    now=$(birth "$leader")
    [ -z "$now" ] || [ "$now" = "$born" ] || return 1
    echo "$leader"
)

# remove_hidden FOLDER: what the renderer has made and nobody has published. Its list has a folder a
# line, spelled for `printf %b`; anything else in it is left alone.
remove_hidden() {
    [ -f "$1/hidden" ] || return 0
    while IFS= read -r spelled; do
        path=$(printf '%bx' "$spelled")
        path=${path%x}
        case ${path%/*} in
            /*/.rcontrol-*)
                [ ! -d "$path" ] || rm -rf "$path"
                rmdir "${path%/*}"
                ;;
        esac
    done <"$1/hidden" 2>/dev/null
}

# end_session FOLDER GRACE: the renderer and then the folder; status 1: a process is left.
end_session() {
    # Whoever is about to start the renderer writes `pid` first and then looks for `stop`.
    { true >"$1/stop"; } 2>/dev/null
    napped=0
    while [ -d "$1" ] && [ ! -e "$1/pid" ] && [ ! -e "$1/status" ] && [ "$napped" -lt 30 ]; do
        nap
    done
    if group=$(recorded_group "$1"); then
        end_group "$group" "$2" || return 1
    fi
    remove_hidden "$1"
    # The supervisor may be writing its last words there.
    napped=0
    until rm -rf "$1" 2>/dev/null || [ "$napped" -ge 20 ]; do
        nap
    done
    [ ! -d "$1" ]
}
