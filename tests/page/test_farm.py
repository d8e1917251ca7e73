"""A person at work: the page, a real server, and Blender on embedded nodes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from rcontrol.demo.embedded_node import nodes_running
from tests.e2e.server import Server, until
from tests.page.conftest import Open
from tests.scenes import blender, build_scene, executables

NODES = ("node1", "node2")


@dataclass(frozen=True)
class Home:
    """Where the server's user has his SSH files: none, the nodes' settings say all."""

    home: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    programs = executables("blender" if blender() else "bpy")
    folder = tmp_path_factory.mktemp("farm")
    base = folder / "store"
    build_scene(base / "shots" / "cube.blend", frames=12, size=(160, 120))
    build_scene(base / "shots" / "long.blend", frames=12, size=(480, 360), samples=3000)
    with (
        nodes_running(folder / "nodes", NODES) as nodes,
        Server(
            folder / "server", Home(folder), nodes, base, executables=programs, autostart=False
        ) as running,
    ):
        running.nodes_online()
        yield running


def status(opened: Page) -> Locator:
    return opened.locator(".job header .chip")


def test_a_job_from_the_form_to_its_pictures(server: Server, open_page: Open) -> None:
    opened = open_page(f"{server.url}/#/new")
    # Mistakes first: they show at their fields, and nothing is submitted.
    opened.get_by_role("button", name="Submit to queue").click()
    expect(opened.get_by_label("Path")).to_have_attribute("aria-invalid", "true")
    expect(opened.get_by_text("Say which frames to render")).to_be_visible()
    opened.get_by_label("Frames").fill("1-6x")
    expect(opened.get_by_label("Frames")).to_have_attribute("aria-invalid", "true")
    assert server.get("/job/summary")["jobs"] == []

    # With the keyboard alone through the storage.
    opened.get_by_role("button", name="shots").press("Enter")
    opened.get_by_role("button", name="cube.blend").focus()
    opened.keyboard.press("ArrowDown")
    expect(opened.get_by_role("button", name="long.blend")).to_be_focused()
    opened.keyboard.press("ArrowUp")
    opened.keyboard.press("Enter")
    expect(opened.get_by_label("Path")).to_have_value(str(server.base / "shots" / "cube.blend"))
    opened.get_by_label("Frames").fill("1-6")
    expect(opened.get_by_text("6 frames, from 1 to 6")).to_be_visible()
    opened.get_by_role("button", name="Submit and start").click()
    expect(status(opened)).to_have_text("Finished")
    expect(opened.get_by_role("slider", name="Frames;")).to_have_attribute("aria-valuemax", "6")

    # Its pictures, one of them alone, and what Blender said.
    thumbnails = opened.get_by_role("list", name="Latest pictures").get_by_role("link")
    expect(thumbnails).to_have_count(6)
    shown = opened.locator(".strip img").first
    expect(shown).to_have_js_property("naturalWidth", 160)
    opened.get_by_role("button", name="Play").click()
    expect(opened.get_by_role("button", name="Pause")).to_be_visible()
    opened.get_by_role("button", name="Pause").click()
    opened.get_by_role("link", name="Frame 3").click()
    expect(opened.get_by_role("img", name="Picture of frame 3")).to_be_visible()
    expect(opened.get_by_text("#1")).to_be_visible()
    expect(opened.get_by_role("log")).to_contain_text("Fra:3")
    expect(opened.get_by_text("The attempt has ended.")).to_be_visible()


def test_stop_return_duplicate_and_delete(server: Server, open_page: Open) -> None:
    job = server.submit(server.base / "shots" / "long.blend", 1, 12)
    opened = open_page(f"{server.url}/#/job/{job}")
    expect(opened.locator(".why")).to_contain_text("utostart is off")
    opened.get_by_role("button", name="Start").click()
    expect(status(opened)).to_have_text("Rendering")
    expect(opened.locator(".frame-line").first).to_be_visible()

    # A log that is read while it grows.
    frame = server.status(job)["rendering"][0]["frame"]
    opened.evaluate("hash => { location.hash = hash }", f"#/job/{job}/frame/{frame}")
    expect(opened.get_by_role("log")).to_contain_text("Fra:")
    expect(opened.get_by_text("Follows while the frame renders.")).to_be_visible()
    opened.get_by_role("link", name="Back to the job").click()

    opened.get_by_role("switch", name="node2").click()
    expect(opened.get_by_role("switch", name="node2")).to_have_attribute("aria-checked", "false")
    assert server.status(job)["node_status"]["node2"]["enabled"] is False

    opened.get_by_role("button", name="Stop").click()
    expect(status(opened)).to_have_text("Stopped")
    opened.get_by_role("button", name="Return to queue").click()
    expect(status(opened)).to_have_text("Waiting")

    opened.get_by_role("link", name="Duplicate").click()
    expect(opened.get_by_label("Path")).to_have_value(str(server.base / "shots" / "long.blend"))
    expect(opened.get_by_label("Frames")).to_have_value("1-12")
    expect(opened.get_by_label("node2")).not_to_be_checked()
    opened.get_by_role("button", name="Submit to queue").click()
    expect(status(opened)).to_have_text("Waiting")
    twin = opened.url.rpartition("/")[2]
    assert twin != job

    opened.get_by_role("button", name="Delete").click()
    opened.get_by_role("dialog").get_by_role("button", name="Delete job").click()
    expect(opened.get_by_role("heading", name="Queue")).to_be_visible()
    assert [one["id"] for one in server.get("/job/info")].count(twin) == 0


def test_nodes_are_paused_and_resumed(server: Server, open_page: Open) -> None:
    opened = open_page(f"{server.url}/#/nodes")
    row = opened.get_by_role("row").filter(has_text="node1")
    row.get_by_role("button", name="Pause node1").click()
    opened.get_by_label("Reason").fill("new fans")
    opened.get_by_role("button", name="Pause node", exact=True).click()
    expect(row).to_contain_text("new fans")
    assert server.get("/node/state/node1")["duty"] == "paused"
    row.get_by_role("button", name="Resume node1").click()
    expect(row).to_contain_text("online")


def test_what_a_node_renders_is_killed(server: Server, open_page: Open) -> None:
    job = server.submit(server.base / "shots" / "long.blend", 1, 1, "node1")
    server.get(f"/job/start/{job}")
    opened = open_page(f"{server.url}/#/nodes")
    row = opened.get_by_role("row").filter(has_text="node1")
    expect(row).to_contain_text("rendering")
    row.get_by_role("button", name="More for node1").click()
    opened.get_by_role("menuitem", name="Kill what it renders").click()
    opened.get_by_role("dialog").get_by_role("button", name="Kill", exact=True).click()
    expect(opened.get_by_text("node1: killed")).to_be_visible()
    until(lambda: any("killed" in each["error"] for each in server.get(f"/job/attempts/{job}/1")))
    server.get(f"/job/stop/{job}")


def test_finished_jobs_are_cleared(server: Server, open_page: Open) -> None:
    done = server.submit(server.base / "shots" / "cube.blend", 1, 2)
    server.get(f"/job/start/{done}")
    server.wait(done)
    before = {job["id"]: job["status"] for job in server.get("/job/info")}
    opened = open_page(f"{server.url}/#/settings")
    opened.get_by_role("button", name="Clear finished jobs").click()
    opened.get_by_role("dialog").get_by_role("button", name="Clear").click()
    expect(opened.get_by_role("button", name="Clear finished jobs")).to_be_disabled()
    left = [job["id"] for job in server.get("/job/info")]
    assert left == [job for job, status in before.items() if status != "Finished"]


def test_the_server_is_lost_and_found_again(server: Server, open_page: Open) -> None:
    opened = open_page(server.url)
    rows = opened.locator(".job-row:visible")
    expect(rows.first).to_be_visible()
    number = rows.count()
    server.stop()
    banner = opened.get_by_role("alert").filter(has_text="connection to the server is lost")
    expect(banner).to_be_visible()
    expect(rows).to_have_count(number)
    rows.first.focus()
    opened.keyboard.press("Delete")
    opened.get_by_role("dialog").get_by_role("button", name="Delete job").click()
    expect(opened.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    server.start()
    expect(banner).to_be_hidden()
    expect(opened.get_by_text("Live", exact=True)).to_be_visible()
    expect(rows).to_have_count(number)
