import json
from dataclasses import replace

import pytest

from rcontrol.farm.model import AttemptId, JobId, JobOptions, JobSpec, Publish
from rcontrol.sessions.records import Found, Given, given_line, read_listing, spec_line

SPEC = JobSpec(
    *(JobId("j"), "ä\n", "/a\udcff b", "blend", 1, 9),
    *(JobOptions("//x", "S", ("-t", "1"), Publish.DIRECT), 2, 3.5, "1-9x2"),
)
GIVEN = Given(AttemptId("4-2"), 5, overwrite=False, offset=77, at=9.5, frames=3)


def listing(session: str, spec: str, given: str) -> str:
    return f"{session}\n{spec}\n{given}\n"


def test_what_is_written_down_is_read_again() -> None:
    assert spec_line(SPEC, {}).isascii()
    assert "\t" not in given_line(GIVEN)
    text = listing("s1", spec_line(SPEC, {}), given_line(GIVEN))
    assert read_listing(text) == [Found("s1", SPEC, GIVEN)]
    text = listing("s1", spec_line(SPEC, {"GPU": "1"}), given_line(GIVEN))
    assert read_listing(text) == [Found("s1", SPEC, GIVEN, {"GPU": "1"})]


def test_the_order_before_is_read_with_it() -> None:
    before = Given(AttemptId("4-1"), 4, overwrite=True, offset=7, at=8.5)
    both = replace(GIVEN, before=before)
    (found,) = read_listing(listing("s1", spec_line(SPEC, {}), given_line(both)))
    assert found.given == both
    assert found.orders == (before, both)


def test_fields_of_another_version_are_passed_over() -> None:
    more = json.dumps({**json.loads(given_line(GIVEN)), "colour": "green"})
    assert read_listing(listing("s1", spec_line(SPEC, {}), more))[0].given == GIVEN


def test_what_an_older_version_wrote_down_is_read() -> None:
    older = json.loads(spec_line(SPEC, {}))
    del older["expression"]
    (found,) = read_listing(listing("s1", json.dumps(older), given_line(GIVEN)))
    assert found.spec == replace(SPEC, expression="")


@pytest.mark.parametrize("broken", ["", "{", "[]", "3", "{}"])
def test_a_session_that_cannot_be_read_is_left_out(broken: str) -> None:
    good = listing("s3", spec_line(SPEC, {}), given_line(GIVEN))
    text = listing("s1", broken, given_line(GIVEN)) + listing("s2", spec_line(SPEC, {}), broken)
    assert [found.session for found in read_listing(text + good)] == ["s3"]
