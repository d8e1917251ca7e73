# Whether a picture is whole. Needs od, awk, wc and df.

# decode PATH: sets `path` to what printf's %b makes of it. Forks only where there is a backslash.
decode() {
    path=$1
    case $path in
        *\\*)
            # The x keeps newlines at the end of the path.
            path=$(printf '%bx' "$path")
            path=${path%x}
            ;;
    esac
}

# answer "TOKEN PATH". Forks as little as can be: a renderer waits.
answer() {
    decode "${1#* }"
    examine "$path"
    printf '%s %s\n' "${1%% *}" "$words" >&2
}

# examine PATH: sets `words` to `ok`, or to what is wrong with it and its disk.
examine() {
    look_at "$1"
    [ "$words" = ok ] || words=$words$(space "$1")
}

look_at() {
    if [ ! -e "$1" ]; then
        words="is missing"
    elif [ ! -f "$1" ]; then
        words="is not a regular file"
    elif [ ! -r "$1" ]; then
        words="cannot be read: Permission denied"
    elif [ ! -s "$1" ]; then
        words="is empty"
    elif ends_as_png "$1"; then
        words=ok
    else
        words=$(complete "$1")
    fi
}

# space PATH: says so when its disk is full.
space() {
    df -P -k "${1%/*}/" 2>/dev/null | awk '
        NR == 2 && match($0, / [0-9]+ +[0-9]+%/) {
            split(substr($0, RSTART + 1), words, " ")
            if (words[1] < 64) print " (No space left on device)"
        }'
}

# ends_as_png PATH: the quick answer for the most frequent format: length 0, IEND, its checksum.
ends_as_png() {
    # Unquoted, because od's spaces are not the same everywhere.
    # shellcheck disable=SC2046
    set -- $(tail -c 12 "$1" | od -A n -t x1)
    [ "$*" = "00 00 00 00 49 45 4e 44 ae 42 60 82" ]
}

# complete PATH: by what the file begins with and, where that says nothing, by its name.
# Formats: PNG, JPEG (ITU T.81 annex B), OpenEXR ("OpenEXR File Layout"), TIFF 6.0 and BigTIFF.
complete() {
    # awk's commands find the file here, whatever its name is made of.
    PICTURE=$1 awk -v size="$(wc -c <"$1" | tr -d ' ')" '
# byte(AT): 0 and `cut` beyond the end. Reads in windows, so that a large file costs no more.
function byte(at) {
    if (at < low || at >= high) read_window(at, 4096)
    if (at < low || at >= high) { cut = 1; return 0 }
    return window[at - low]
}
function read_window(at, count,    command, line, words, n, i) {
    low = high = at
    if (at < 0 || at >= size) return
    command = sprintf("od -v -A n -t u1 -j %.0f -N %d \"$PICTURE\" 2>/dev/null", at, count)
    while ((command | getline line) > 0) {
        n = split(line, words, " ")
        for (i = 1; i <= n; i++) window[high++ - low] = words[i] + 0
    }
    close(command)
}
function number(at, bytes,    i, value) {
    value = 0
    for (i = 0; i < bytes; i++) value = value * 256 + byte(big ? at + i : at + bytes - 1 - i)
    return value
}
function signed(at,    value) {
    value = number(at, 4)
    return value >= 2147483648 ? value - 4294967296 : value
}
function is(at, bytes,    n, words, i) {
    n = split(bytes, words, " ")
    for (i = 1; i <= n; i++) if (byte(at + i - 1) != words[i]) return 0
    return 1
}
function string(    text, code) {
    text = ""
    while (!cut && (code = byte(place++)) != 0) text = text sprintf("%c", code)
    return text
}
function verdict(words) {
    print words == "" ? "ok" : words
    exit
}
function jpeg(    at, kind) {
    big = 1
    # Up to the first scan, because a thumbnail in the header has an end mark of its own.
    for (at = 2; byte(at) == 255 && !cut; at += 2 + number(at + 2, 2)) {
        while (byte(at + 1) == 255) at++
        kind = byte(at + 1)
        if (kind == 218) {
            at += 2 + number(at + 2, 2)
            if (at > size - 2 || !is(size - 2, "255 217")) return "is incomplete: no end of JPEG"
            return ""
        }
    }
    return "is incomplete: a JPEG without a picture"
}
function ceiling(a, b) {
    return int((a + b - 1) / b)
}
# exr_header(PART): reads one header; 0: it was the empty one that ends a list of headers.
function exr_header(part,    name, type, length_, start) {
    start = place
    chunks[part] = tiled[part] = lines[part] = deep[part] = scan[part] = 0
    while (!cut && (name = string()) != "") {
        type = string()
        length_ = signed(place)
        place += 4
        if (length_ < 0) cut = 1
        if (name == "chunkCount") chunks[part] = signed(place)
        else if (name == "compression") lines[part] = LINES[byte(place)]
        else if (name == "dataWindow") {
            wide[part] = signed(place + 8) - signed(place) + 1
            tall[part] = signed(place + 12) - signed(place + 4) + 1
        } else if (name == "tiles") {
            tiled[part] = 1
            tile_x[part] = number(place, 4)
            tile_y[part] = number(place + 4, 4)
            levels[part] = byte(place + 8) % 16
        } else if (name == "type") {
            deep[part] = is(place, "100 101 101 112")
            scan[part] = is(place, "115") || is(place, "100 101 101 112 115")
        }
        place += length_
    }
    return place - start > 1
}
function exr_count(part) {
    if (chunks[part] > 0) return chunks[part]
    if (!tiled[part] && lines[part] > 0) return ceiling(tall[part], lines[part])
    if (tiled[part] && !levels[part] && tile_x[part] && tile_y[part])
        return ceiling(wide[part], tile_x[part]) * ceiling(tall[part], tile_y[part])
    # Levels of detail, or a compression of the future: the first chunk follows the table.
    return int((number(place, 8) - place) / 8)
}
function exr_end(at, part,    head) {
    head = at + (multi ? 4 : 0) + (scan[part] || !tiled[part] ? 4 : 16)
    if (deep[part]) return head + 24 + number(head, 8) + number(head + 8, 8)
    return head + 4 + number(head, 4)
}
function exr(    flags, parts, part, count, i, at, last, last_part) {
    split("1 1 1 16 32 16 32 32 32 256 256 32", by_compression, " ")
    for (i = 1; i <= 12; i++) LINES[i - 1] = by_compression[i]
    flags = byte(5)
    multi = int(flags / 16) % 2
    place = 8
    parts = 0
    while (!cut && exr_header(parts)) {
        if (int(flags / 2) % 2) tiled[parts] = 1
        parts++
        if (!multi) break
    }
    if (cut || !parts) return "is incomplete: the EXR header is cut off"
    for (part = 0; part < parts; part++) {
        count = exr_count(part)
        if (count < 1 || place + 8 * count > size) return "is incomplete: no EXR chunk table"
        for (i = 0; i < count; i++) {
            at = number(place, 8)
            if (at == 0) return "is incomplete: EXR chunk " i " of " count " is not written"
            if (at > last) { last = at; last_part = part }
            place += 8
        }
    }
    if (exr_end(last, last_part) > size || cut) return "is incomplete: its last EXR chunk is cut off"
}
function tiff(    at, next_, entries, i, entry, tag, type, count, value, pages, wide_) {
    big = is(0, "77")
    wide_ = number(2, 2) == 43
    split("1 1 2 4 8 1 1 2 4 8 4 8 4 0 0 8 8 8", bytes_of, " ")
    at = wide_ ? number(8, 8) : number(4, 4)
    if (at == 0) return "is incomplete: no TIFF directory"
    for (pages = 0; at > 0 && pages < 1000; pages++) {
        entries = number(at, wide_ ? 8 : 2)
        at += wide_ ? 8 : 2
        next_ = at + entries * (wide_ ? 20 : 12)
        if (cut || entries < 1 || next_ + (wide_ ? 8 : 4) > size) return "is incomplete: its TIFF directory is cut off"
        split("", strips); split("", counts)
        strip_count = 0
        for (i = 0; i < entries; i++) {
            entry = at + i * (wide_ ? 20 : 12)
            tag = number(entry, 2)
            type = number(entry + 2, 2)
            count = number(entry + 4, wide_ ? 8 : 4)
            value = entry + (wide_ ? 12 : 8)
            if (count * bytes_of[type] > (wide_ ? 8 : 4)) value = number(value, wide_ ? 8 : 4)
            if (value + count * bytes_of[type] > size) return "is incomplete: a TIFF field is cut off"
            if (tag == 273 || tag == 324) { strips_at = value; strip_bytes = bytes_of[type]; strip_count = count }
            if (tag == 279 || tag == 325) { counts_at = value; count_bytes = bytes_of[type]; counts_count = count }
        }
        if (strip_count < 1 || counts_count != strip_count) return "is incomplete: a TIFF without a picture"
        # In two runs, because each one reads on where it was.
        for (i = 0; i < strip_count; i++) strips[i] = number(strips_at + i * strip_bytes, strip_bytes)
        for (i = 0; i < strip_count; i++) counts[i] = number(counts_at + i * count_bytes, count_bytes)
        for (i = 0; i < strip_count; i++) {
            if (!strips[i] || !counts[i]) return "is incomplete: strip " i " of " strip_count " is not written"
            if (strips[i] + counts[i] > size) return "is incomplete: strip " i " of " strip_count " is cut off"
        }
        at = number(next_, wide_ ? 8 : 4)
    }
    if (cut) return "is incomplete: its TIFF directory is cut off"
}
BEGIN {
    low = high = cut = big = 0
    name = tolower(ENVIRON["PICTURE"])
    if (is(0, "137 80 78 71 13 10 26 10")) verdict("is incomplete: no end of PNG")
    if (is(0, "255 216 255")) verdict(jpeg())
    if (is(0, "118 47 49 1")) verdict(exr())
    if (is(0, "73 73 42 0") || is(0, "77 77 0 42")) verdict(tiff())
    if (is(0, "73 73 43 0") || is(0, "77 77 0 43")) verdict(tiff())
    if (name ~ /\.(png|jpe?g|exr|tiff?)$/) verdict("is incomplete: it does not begin like a picture")
    verdict("")
}' </dev/null
}
