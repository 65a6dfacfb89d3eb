"""Files are written whole or not at all."""

import pytest

from skbalance._files import whole_file


def test_a_file_takes_the_place_of_another_when_it_is_written(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")
    with whole_file(str(path)) as file:
        file.write(b"after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    with pytest.raises(IsADirectoryError), whole_file(str(path)) as file:  # noqa: PT012
        file.write(b"half")
        tmp_path.read_text()
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("file", "after")]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with whole_file(str(tmp_path / "link")) as file:
        file.write(b"written")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "written"


@pytest.mark.parametrize(
    ("name", "match"),
    [("", "no file that can be replaced"), ("none/a", "No such file.*none/a"), ("b/a", "Not a directory.*b/a")],
)
def test_what_cannot_be_written_is_known_at_once(tmp_path, name, match):
    (tmp_path / "b").touch()
    with pytest.raises(OSError, match=match), whole_file(str(tmp_path / name)):
        pytest.fail("it was begun")
