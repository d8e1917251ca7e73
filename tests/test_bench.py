"""The measurements can be started; what they measure is up to the machine."""

import pytest

from bench import session_overhead


def test_session_overhead_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        session_overhead.main(["--help"])
    assert ended.value.code == 0
    assert "--rounds" in capsys.readouterr().out


def test_session_overhead_judges_by_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    good = {"a": [9.0, 4.0, 4.0], "b": [5.0, 5.0, 1.0], "c": [25.0, 25.0, 90.0]}
    assert session_overhead.report(good, 10)
    assert not session_overhead.report({**good, "b": [5.1, 5.1, 5.1]}, 10)
    assert not session_overhead.report({**good, "c": [24.9, 24.9, 24.9]}, 10)
    assert "b / a   1.25" in capsys.readouterr().out
