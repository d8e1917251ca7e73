# probe BASE SEEN WORD MADE: say what the node is and how it sees the shared storage.
# SEEN is a file of the server's that holds WORD; empty: there is none. MADE is to be made with WORD.
base=$1 seen=$2 word=$3 made=$4
echo "system $(uname -s)"
echo "time $(date +%s)"
if [ ! -d "$base" ]; then
    echo 'storage missing'
    exit 0
fi
# The first column with a % says how full it is; what is free stands before it.
echo "free $(df -Pk "$base" | awk 'NR > 1 { for (i = 2; i <= NF; i++) if ($i ~ /%$/) { print $(i - 1); exit } }')"
if [ -n "$seen" ]; then
    tries=0
    # What has just been made elsewhere may take a moment to show.
    until [ "$(cat "$base/$seen" 2>/dev/null)" = "$word" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 3 ]; then
            echo 'storage other'
            exit 0
        fi
        sleep 1
    done
fi
echo 'storage seen'
if words=$({ echo "$word" >"$base/$made"; } 2>&1); then
    echo 'storage written'
else
    echo "unwritable $words"
fi
