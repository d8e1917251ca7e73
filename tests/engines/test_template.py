import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcontrol.engines.template import BadTemplate, Template, Value

KNOWN = ("file", "frame", "output")
VALUES: dict[str, Value] = {"file": "/mnt/a b.pov", "frame": 7, "output": None}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("", ""),
        ("-hide", "-hide"),
        ("+I{file}", "+I/mnt/a b.pov"),
        ("{frame}-{frame:04}", "7-0007"),
        ("{{frame}}", "{frame}"),
        ("100%s $(x)", "100%s $(x)"),
        ("-o{output}", None),
    ],
)
def test_placeholders_are_replaced(text: str, filled: str | None) -> None:
    assert Template.parse(text, KNOWN).fill(VALUES) == filled


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("{fil}", "is '{fil}', where {fil} is no placeholder", "did you mean {file}?"),
        ("{x}", "is '{x}', where {x} is no placeholder", "there is {file}, {frame}, {output}"),
        ("{}", "is '{}', where {} is no placeholder", "there is {file}, {frame}, {output}"),
        ("{0}", "is '{0}', where {0} is no placeholder", "there is {file}, {frame}, {output}"),
        ("{file.x}", "is '{file.x}', where {file.x} is no placeholder", "did you mean {file}?"),
        ("{file!r}", "is '{file!r}', where {file} is no placeholder", "did you mean {file}?"),
        ("{file:04}", "is '{file:04}', where :04 is no width", "write {file} or, of frames,"),
        ("{frame:x}", "is '{frame:x}', where :x is no width", "write {frame} or, of frames,"),
        ("{frame", "is '{frame', with a brace that nothing closes or opens", "write {{ and }}"),
        ("a}", "is 'a}', with a brace that nothing closes or opens", "write {{ and }}"),
        ("a\0", "holds a NUL character", "leave it out"),
    ],
)
def test_what_cannot_be_replaced_is_refused(text: str, problem: str, remedy: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        Template.parse(text, KNOWN)
    assert caught.value.problem == problem
    assert caught.value.remedy.startswith(remedy)


@given(st.text())
def test_any_text_is_a_template_or_is_refused(text: str) -> None:
    try:
        template = Template.parse(text, KNOWN)
    except BadTemplate:
        return
    template.fill(VALUES)
