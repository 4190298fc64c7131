"""What of an output is shown."""

from __future__ import annotations

import pytest

from ui.notebook import mime
from ui.notebook.state import Output


def data(**kinds: object) -> Output:
    """Return a display of MIME types, with _ for / in their names."""
    return {
        "output_type": "display_data",
        "data": {k.replace("_", "/"): v for k, v in kinds.items()},
    }


def text_of(output: Output) -> str:
    """Return the text that is shown for an output."""
    return mime.plain(mime.read(output))


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (data(text_plain="tensor(1.)"), "tensor(1.)"),
        (data(text_plain=["a\n", "b"]), "a\nb"),
        (data(text_html="<b>x</b>", text_plain="x: 1"), "x: 1"),
        (
            data(text_html="<p>one</p><script>steal()</script><p>two &amp; three</p>"),
            "one\ntwo & three",
        ),
        (data(text_html="<b>shown</b>", text_plain="<IPython.core.display.HTML object>"), "shown"),
        (data(application_json={"a": [1]}), '{\n  "a": [\n    1\n  ]\n}'),
        (
            data(application_javascript="alert(1)"),
            "Output that cannot be shown here: application/javascript",
        ),
        ({"output_type": "display_data"}, "Output that cannot be shown here: empty"),
        ({"output_type": "later"}, "Output of unknown type 'later'"),
        (data(text_markdown="# T"), "# T"),
    ],
)
def test_the_richest_safe_form_is_shown(output: Output, shown: str) -> None:
    assert text_of(output) == shown


def test_an_error_is_split_into_message_and_frames(failed: Output) -> None:
    failure = mime.read(failed)
    assert isinstance(failure, mime.Failure)
    assert failure.screen.text() == "Cell In[7], line 2\n      1 y = x * 2\n----> 2 y.backward()"
    assert failure.full.endswith("scalar outputs")


def test_the_failing_line_is_read_from_the_traceback(failed: Output) -> None:
    assert mime.error_line(failed) == 2
    assert mime.error_line({**failed, "traceback": []}) == 0
    assert mime.error_line(data(text_plain="line 2")) == 0
    syntax = {
        **failed,
        "traceback": ["  Cell In[3], line 4\n    y.grad )\n           ^\nSyntaxError: x"],
    }
    assert mime.error_line(syntax) == 4
    deep = "Cell In[3], line 9\n\nCell In[3], line 4, in f(x)\n\nCell In[1], line 2, in g(x)\nE: x"
    assert mime.error_line({**failed, "traceback": [deep]}) == 4


def test_streams_of_one_name_join_and_others_do_not() -> None:
    items: list[mime.Item] = []
    for text, name in (("a", "stdout"), ("b\n", "stdout"), ("c", "stderr"), ("d", "stdout")):
        output = {"output_type": "stream", "name": name, "text": text}
        if mime.merge(items, output) is None:
            items.append(mime.read(output))
    assert [mime.plain(item) for item in items] == ["ab", "c", "d"]


def test_a_picture_that_is_no_base64_is_a_note() -> None:
    assert text_of(data(image_png="%%%")) in ("", "image/png that cannot be read")
