import asyncio
import os
import signal

import pytest

from rcontrol.errors import NodeUnreachable
from rcontrol.farm.settings import NodeSettings
from rcontrol.ssh import Connection
from tests.fakes.relay import Relay
from tests.fakes.sshd import Sshd
from tests.ssh.targets import Target, run, until


def test_a_dropped_connection_wakes_everyone(target: Target) -> None:
    async def check() -> None:
        with Relay(target.port) as relay:
            connection = await Connection.open(target.node(relay.port))
            process = await connection.start("echo before; cat")
            chunk = await process.read()
            assert chunk is not None
            assert chunk.stdout == b"before\n"
            reading = asyncio.create_task(process.read())
            running = asyncio.create_task(connection.run("sleep 20"))
            closing = asyncio.create_task(connection.wait_closed())
            writing = asyncio.create_task(
                (await connection.start("sleep 20")).write(b"x" * 9_000_000)
            )
            await until(lambda: len(asyncio.all_tasks()) >= 5)
            relay.cut()
            for waiting in (reading, running, writing):
                with pytest.raises(NodeUnreachable) as caught:
                    await waiting
                assert caught.value.node == "hex1"
            assert "closed the connection" in await closing
            for late in (connection.run("true"), process.write(b"x")):
                with pytest.raises(NodeUnreachable, match="closed the connection"):
                    await late
            connection.close()

    run(check)


def test_closing_wakes_everyone_and_can_be_repeated(target: Target) -> None:
    async def check() -> None:
        connection = await Connection.open(target.node())
        process = await connection.start("cat")
        reading = asyncio.create_task(process.read())
        closing = asyncio.create_task(connection.wait_closed())
        await asyncio.sleep(0)
        connection.close()
        connection.close()
        with pytest.raises(NodeUnreachable):
            await reading
        assert await closing == await connection.wait_closed() == "it was closed here"
        process.close()

    run(check)


def test_a_closed_process_wakes_its_reader(target: Target) -> None:
    async def check() -> None:
        connection = await Connection.open(target.node())
        process = await connection.start("cat")
        reading = asyncio.create_task(process.read())
        await asyncio.sleep(0)
        process.close()
        process.close()
        assert await reading is None
        assert (await connection.run("echo ok")).stdout == "ok\n"
        connection.close()

    run(check)


def test_a_half_open_connection_is_noticed(target: Target) -> None:
    async def check() -> None:
        with Relay(target.port) as relay:
            connection = await Connection.open(target.node(relay.port), keepalive_s=0.3)
            process = await connection.start("cat")
            reading = asyncio.create_task(process.read())
            relay.freeze()
            async with asyncio.timeout(3 * 0.3 + 0.5):
                assert "no sign of life" in await connection.wait_closed()
            with pytest.raises(NodeUnreachable, match="no sign of life"):
                await reading

    run(check)


def test_a_silent_but_living_connection_stays(target: Target) -> None:
    async def check() -> None:
        connection = await Connection.open(target.node(), keepalive_s=0.05)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await connection.wait_closed()
        assert (await connection.run("echo ok")).stdout == "ok\n"
        connection.close()

    run(check)


def test_starting_on_a_frozen_connection_ends_with_it(target: Target) -> None:
    async def check() -> None:
        with Relay(target.port) as relay:
            connection = await Connection.open(target.node(relay.port), keepalive_s=0.3)
            relay.freeze()
            with pytest.raises(NodeUnreachable, match="no sign of life"):
                await connection.start("true")

    run(check)


def test_closing_while_the_other_side_hangs(sshd: Sshd) -> None:
    """A stopped sshd takes packets and answers none."""

    async def check() -> None:
        with Relay(sshd.port) as relay:
            sshd.known_hosts.write_text(sshd.known_as("127.0.0.1", relay.port))
            node = Target(relay.port, sshd.client_key, "", sshd.folder).node(relay.port)
            (sshd.folder / f"known_hosts_{relay.port}").write_text(sshd.known_hosts.read_text())
            connection = await Connection.open(node, keepalive_s=60)
            process = await connection.start("cat")
            relay.freeze()
            starting = asyncio.create_task(connection.start("true"))
            await asyncio.sleep(0)
            loop = asyncio.get_running_loop()
            before = loop.time()
            process.close()
            connection.close()
            assert loop.time() - before < 1
            with pytest.raises(NodeUnreachable, match="closed here"):
                await starting

    run(check)


def test_sshd_killed_and_back(sshd: Sshd) -> None:
    async def check() -> None:
        node = NodeSettings("hex2")
        connection = await Connection.open(node)
        assert sshd.drop_connections() >= 1
        assert "closed the connection" in await connection.wait_closed()
        connection = await Connection.open(node)
        sshd.kill()
        await connection.wait_closed()
        with pytest.raises(NodeUnreachable, match="refused the connection"):
            await Connection.open(node)
        sshd.start()
        os.kill(sshd.pid, signal.SIGSTOP)  # the kernel still takes connections for it
        try:
            with pytest.raises(NodeUnreachable, match="did not greet as an SSH server"):
                await Connection.open(node, timeout_s=0.5)
        finally:
            os.kill(sshd.pid, signal.SIGCONT)
        connection = await Connection.open(node)
        assert (await connection.run("echo back")).stdout == "back\n"
        connection.close()

    run(check)


def test_one_session_too_many(sshd: Sshd) -> None:
    async def check() -> None:
        sshd.stop()
        sshd.max_sessions = 2
        sshd.start()
        connection = await Connection.open(NodeSettings("hex1"))
        processes = [await connection.start("cat") for _ in range(2)]
        with pytest.raises(NodeUnreachable, match="MaxSessions"):
            await connection.start("true")
        await processes[0].write(b"still here")
        assert await processes[0].read()
        connection.close()

    run(check)
