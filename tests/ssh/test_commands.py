import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rcontrol.errors import NodeUnreachable
from rcontrol.ssh import Connection, Process
from tests.ssh.targets import Target, run

NASTY = [
    "two words",
    "",
    "-n",
    "--",
    "it's",
    '"double"',
    "; exit 9",
    "$(id)",
    "`id`",
    "$HOME ${x} $1",
    "line\nbreak\n",
    "\n",
    "tab\tbell\a",
    "back\\slash\\n",
    "* ? [a-z] ~ !1 #",
    "Größe 日本 \U0001f600",
    "\udcff\udc80",
    "x" * 20_000,
]


@asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Connection]:
    connection = await Connection.open(target.node())
    try:
        yield connection
    finally:
        connection.close()


async def rest(process: Process) -> tuple[bytes, bytes]:
    stdout, stderr = b"", b""
    while chunk := await process.read():
        stdout += chunk.stdout
        stderr += chunk.stderr
    return stdout, stderr


async def expect(process: Process, text: bytes) -> None:
    got = b""
    while len(got) < len(text):
        chunk = await process.read()
        assert chunk is not None, got
        got += chunk.stdout
    assert got == text


def test_arguments_arrive_unchanged(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            done = await connection.run('printf "%s|" "$@"; printf %s "$#"', *NASTY)
            assert done.stdout == "".join(f"{text}|" for text in NASTY) + str(len(NASTY))
            assert (done.status, done.stderr) == (0, "")

    run(check)


def test_a_nul_is_refused(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            with pytest.raises(ValueError, match="NUL"):
                await connection.run("true", "a\0b")

    run(check)


def test_bytes_pass_unchanged_under_any_locale(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            script = 'LC_ALL=C; export LC_ALL; printf %s "$1"; printf "\\377\\200"'
            done = await connection.run(script, "Größe\udcfe")
            assert done.stdout.encode("utf-8", "surrogateescape") == (
                "Größe".encode() + b"\xfe\xff\x80"
            )

    run(check)


def test_stdout_stderr_and_status_are_told_apart(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            done = await connection.run("echo out; echo err >&2; exit 7")
            assert (done.status, done.stdout, done.stderr) == (7, "out\n", "err\n")

    run(check)


def test_a_syntax_error_is_a_status(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            done = await connection.run("if")
            assert done.status not in (0, -1)
            assert done.stderr

    run(check)


def test_a_signal_ends_without_status(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            assert (await connection.run("kill -9 $$")).status == -1
            assert (await connection.run("true")).status == 0

    run(check)


def test_much_output_arrives_whole(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            script = (
                "dd if=/dev/zero bs=65536 count=160 2>/dev/null & "
                "(exec >&2 2>/dev/null; dd if=/dev/zero bs=65536 count=160); wait"
            )
            done = await connection.run(script)
            assert len(done.stdout) == len(done.stderr) == 160 * 65536

    run(check)


def test_stdin_after_the_script_is_the_scripts(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            process = await connection.start('read -r first; echo "<$first>"; cat', "x")
            await process.write(b"one\ntwo\n")
            await expect(process, b"<one>\ntwo\n")
            running = process.exit_status
            assert running is None
            await process.write(b"three")
            await expect(process, b"three")
            process.end_input()
            assert await process.read() is None
            assert process.exit_status == 0
            process.close()

    run(check)


def test_run_has_an_empty_stdin(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            assert (await connection.run("cat; echo end")).stdout == "end\n"

    run(check)


def test_much_input_waits_for_its_reader(target: Target) -> None:
    async def check() -> None:
        size = 12_000_000  # more than windows and pipes hold
        async with connected(target) as connection:
            process = await connection.start('read -r go; wc -c | tr -d " "')
            writing = asyncio.create_task(process.write(b"x" * size))
            assert (await connection.run("echo free")).stdout == "free\n"
            assert not writing.done()
            process2 = await connection.start("cat")
            await process2.write(b"also free")
            await expect(process2, b"also free")
            process.close()
            with pytest.raises(BrokenPipeError):
                await writing

            process = await connection.start('wc -c | tr -d " "')
            await process.write(b"x" * size)
            process.end_input()
            assert (await rest(process))[0] == b"%d\n" % size

    run(check)


def test_writing_to_what_has_ended_is_a_broken_pipe(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            process = await connection.start("exit 4")
            assert await process.read() is None
            assert process.exit_status == 4
            with pytest.raises(BrokenPipeError):
                await process.write(b"x")

    run(check)


def test_output_after_closed_streams_of_a_child(target: Target) -> None:
    """Both streams end before the process does: only its end says the status."""

    async def check() -> None:
        async with connected(target) as connection:
            process = await connection.start("exec >&- 2>&-; read -r go; exit 5")
            reading = asyncio.create_task(process.read())
            assert (await connection.run("true")).status == 0
            assert not reading.done()
            await process.write(b"\n")
            assert await reading is None
            assert process.exit_status == 5

    run(check)


def test_many_processes_side_by_side(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            processes = [await connection.start("cat") for _ in range(30)]
            for number, process in enumerate(processes):
                await process.write(b"%d" % number)
            for number, process in enumerate(processes):
                await expect(process, b"%d" % number)
                process.end_input()
            assert [await process.read() for process in processes] == [None] * 30
            done = await asyncio.gather(*(connection.run("echo $1", str(n)) for n in range(12)))
            assert [int(one.stdout) for one in done] == list(range(12))

    run(check)


def test_interleaved_streams_lose_no_wake_up(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            process = await connection.start(
                'while read -r x; do case $x in *[13579]) echo "$x" >&2;; *) echo "$x";; esac; done'
            )
            for number in range(500):
                await process.write(b"%d\n" % number)
                chunk = await process.read()
                assert chunk is not None
                assert chunk.stdout + chunk.stderr == b"%d\n" % number
                assert bool(chunk.stderr) == bool(number % 2)
            process.close()

    run(check)


def test_a_command_that_takes_too_long_leaves_the_connection_usable(target: Target) -> None:
    async def check() -> None:
        async with connected(target) as connection:
            with pytest.raises(NodeUnreachable, match="did not end within"):
                await connection.run("sleep 20", timeout_s=0.5)
            assert (await connection.run("echo ok")).stdout == "ok\n"

    run(check)
