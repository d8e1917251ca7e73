import asyncio
import os
from pathlib import Path

from rcontrol.demo.embedded_node import EmbeddedNodes
from rcontrol.farm.settings import NodeSettings
from rcontrol.ssh import Connection, Process
from tests.ssh.targets import run, until


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"


async def started(connection: Connection, script: str) -> tuple[Process, int]:
    """Start a script whose first line of output is a pid; its shell may complain before."""
    process = await connection.start(script)
    while True:
        chunk = await process.read()
        assert chunk is not None
        if chunk.stdout:
            return process, int(chunk.stdout)


def test_several_nodes_in_the_callers_loop(tmp_path: Path) -> None:
    async def check() -> None:
        async with EmbeddedNodes(tmp_path / "nodes", ["hex1", "hex2"]) as nodes:
            settings = [NodeSettings(**entry) for entry in nodes.settings()]  # type: ignore[arg-type]
            assert [node.name for node in settings] == ["hex1", "hex2"]
            for node in settings:
                connection = await Connection.open(node)
                assert (await connection.run("echo $1", node.name)).stdout == f"{node.name}\n"
                connection.close()

    run(check)
    assert {path.name for path in tmp_path.rglob("*")} == {"nodes", "client_key", "known_hosts"}
    assert (tmp_path / "nodes" / "client_key").stat().st_mode & 0o777 == 0o600


def test_a_dropped_connection_closes_stdin_and_spares_the_rest(tmp_path: Path) -> None:
    async def check() -> None:
        async with EmbeddedNodes(tmp_path / "nodes", ["hex1"]) as nodes:
            (entry,) = nodes.settings()
            connection = await Connection.open(NodeSettings(**entry))  # type: ignore[arg-type]
            reads_process, reads = await started(connection, "echo $$; cat")
            stays_process, stays = await started(
                connection, "sleep 1000 </dev/null >/dev/null 2>&1 & echo $!; cat"
            )
            assert alive(reads)
            connection.close()
            await until(lambda: not alive(reads))
            reads_process.close()
            stays_process.close()
            assert alive(stays)
        assert not alive(stays)

    run(check)


def test_nothing_remains_when_it_stops(tmp_path: Path) -> None:
    async def check() -> None:
        before = asyncio.all_tasks()
        async with EmbeddedNodes(tmp_path / "nodes", ["hex1"]) as nodes:
            (entry,) = nodes.settings()
            connection = await Connection.open(NodeSettings(**entry))  # type: ignore[arg-type]
            stubborn_process, stubborn = await started(
                connection, "trap '' TERM HUP; echo $$; sleep 1000; sleep 1000"
            )
            grouped_process, grouped = await started(
                connection, "set -m; sleep 1000 & echo $!; cat"
            )
        assert not alive(stubborn)
        assert not alive(grouped)
        assert "closed the connection" in await connection.wait_closed()
        stubborn_process.close()
        grouped_process.close()
        await until(lambda: asyncio.all_tasks() <= {asyncio.current_task(), *before})

    run(check)
