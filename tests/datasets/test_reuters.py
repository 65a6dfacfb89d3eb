import contextlib
import gzip
import io
import pickle
import tarfile
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from skbalance.datasets import _reuters, fetch_reuters21578
from skbalance.datasets._reuters import ARCHIVE_NAME, MEMBER_NAMES, parse_sgml, read_members

HEADER = b'<!DOCTYPE lewis SYSTEM "lewis.dtd">\n'


def document(number, topics, split="TRAIN", assessed="YES", text=None, attributes=""):
    """Return one document in the collection's SGML, as latin-1 bytes."""
    if text is None:
        text = f"<TEXT>&#2;\n<TITLE>Title {number}</TITLE>\n<BODY>Body {number}.\n Reuter\n&#3;</BODY></TEXT>"
    marked = "".join(f"<D>{topic}</D>" for topic in topics)
    return (
        f'<REUTERS TOPICS="{assessed}" LEWISSPLIT="{split}" CGISPLIT="TRAINING-SET" OLDID="1" {attributes}'
        f'NEWID="{number}">\n<DATE>26-FEB-1987</DATE>\n<TOPICS>{marked}</TOPICS>\n<PLACES><D>usa</D></PLACES>\n'
        f"<UNKNOWN>\n&#5;&#5;C T\n&#22;f0704&#31;reute</UNKNOWN>\n{text}\n</REUTERS>\n"
    ).encode("latin-1")


def tar_member(name, content=b"", **attributes):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in attributes.items():
        setattr(member, key, value)
    return member, io.BytesIO(content)


def collection(first=(), prefix=""):
    """Return the 22 members of an archive, the documents in its first file."""
    contents = [HEADER + b"".join(first)] + [HEADER] * 21
    return [tar_member(prefix + name, content) for name, content in zip(MEMBER_NAMES, contents)]


def write_archive(folder, members, name=ARCHIVE_NAME):
    with tarfile.open(folder / name, "w:gz") as archive:
        for member, content in members:
            archive.addfile(member, content)
    return folder / name


DOCUMENTS = [
    document(30, ["wheat", "grain"]),
    document(2, ["earn"]),
    document(40, ["grain"], split="TEST"),
    document(7, ["earn", "only-train"], split="TEST"),
    document(8, ["only-test"], split="TEST"),
    document(9, ["wheat"], split="TEST"),
    document(10, ["only-in-train"]),
    document(11, []),
    document(12, ["earn"], assessed="NO"),
    document(13, ["earn"], assessed="BYPASS"),
    document(14, ["earn"], split="NOT-USED"),
]


@pytest.fixture
def folder(tmp_path):
    write_archive(tmp_path, collection(DOCUMENTS))
    return tmp_path


def test_split_and_topics(folder):
    train = fetch_reuters21578(data_home=folder)
    assert list(train.target_names) == ["earn", "grain", "wheat"]
    assert sparse.isspmatrix_csr(train.target)
    assert train.target.dtype == np.int64
    np.testing.assert_array_equal(train.sample_id, [2, 30])
    np.testing.assert_array_equal(train.target.toarray(), [[1, 0, 0], [0, 1, 1]])
    test = fetch_reuters21578(data_home=folder, subset="test")
    np.testing.assert_array_equal(test.sample_id, [7, 9, 40])
    np.testing.assert_array_equal(test.target.toarray(), [[1, 0, 0], [0, 0, 1], [0, 1, 0]])
    assert set(train.split) == {"train"}
    assert set(test.split) == {"test"}
    assert train.DESCR == test.DESCR
    assert "ModApte" in train.DESCR


def test_all_is_train_then_test(folder):
    parts = [fetch_reuters21578(data_home=folder, subset=subset) for subset in ("train", "test")]
    both = fetch_reuters21578(data_home=folder, subset="all")
    for name in ("data", "sample_id", "split"):
        np.testing.assert_array_equal(both[name], np.concatenate([part[name] for part in parts]))
    stacked = sparse.vstack([part.target for part in parts])
    np.testing.assert_array_equal(both.target.toarray(), stacked.toarray())
    assert list(both.split) == ["train"] * 2 + ["test"] * 3


def test_return_X_y(folder):
    X, y = fetch_reuters21578(data_home=folder, return_X_y=True)
    dataset = fetch_reuters21578(data_home=str(folder))
    np.testing.assert_array_equal(X, dataset.data)
    np.testing.assert_array_equal(y.toarray(), dataset.target.toarray())
    assert X.dtype == object
    assert X[0] == "Title 2\nBody 2.\n Reuter"
    assert pickle.loads(pickle.dumps(dataset)).target_names.tolist() == dataset.target_names.tolist()


def test_environment_variable_and_argument(folder, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    write_archive(other, collection([document(1, ["gold"]), document(2, ["gold"], split="TEST")]))
    monkeypatch.setenv("SKBALANCE_DATA", str(other))
    assert list(fetch_reuters21578().target_names) == ["gold"]
    assert len(fetch_reuters21578(data_home=folder).target_names) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<TEXT><TITLE>T &lt;A> &amp; B</TITLE><BODY>x &lt; y&#13; z</BODY></TEXT>", "T <A> & B\nx < y\r z"),
        ("<TEXT><TITLE>caf\xe9</TITLE><BODY>\xfc&#5;&#30;side</BODY></TEXT>", "caf\xe9\n\xfcside"),
        ("<TEXT><BODY>raw \x05\x1b\x7fbytes\tkept\n</BODY></TEXT>", "raw bytes\tkept"),
        ('<TEXT TYPE="BRIEF">&#2;\n***<TITLE>BRIEF ONLY\n</TITLE>Blah.\n&#3;</TEXT>', "BRIEF ONLY"),
        ('<TEXT TYPE="UNPROC">&#2;\nBARE 1 2\n  lines\n&#3;</TEXT>', "BARE 1 2\n  lines"),
        (
            "<TEXT><TITLE>T</TITLE><AUTHOR> By X</AUTHOR><DATELINE> PARIS - </DATELINE><BODY>b</BODY></TEXT>",
            "T\nb",
        ),
        ("<TEXT>&#2;</TEXT>", ""),
        ("<TEXT></D><TITLE>stray end tag</TITLE></TEXT>", "stray end tag"),
    ],
)
def test_text(text, expected):
    (parsed,) = parse_sgml(HEADER + document(1, ["earn"], text=text))
    assert parsed.text == expected


def test_sgml_fields():
    documents = parse_sgml(
        HEADER
        + document(5, ["a&amp;b", "c", "c"], attributes='CSECS="539010540" ')
        + document(6, ["d"], split="TEST").replace(b"<TOPICS><D>d</D>", b"<TOPICS><D> d\n</D></D>")
    )
    assert [(item.sample_id, item.split, item.topics) for item in documents] == [
        (5, "train", {"a&b", "c"}),
        (6, "test", {"d"}),
    ]
    assert parse_sgml(b"") == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (document(77, ["earn"])[:-40], "ends inside document 77"),
        (document(77, ["earn"]).replace(b"</REUTERS>", b"") + document(78, ["earn"]), "77 is not closed"),
        (document(77, ["earn"]).replace(b"NEWID", b"OTHER"), "NEWID=''"),
        (document("7x", ["earn"]), "NEWID='7x'"),
    ],
)
def test_broken_sgml(tmp_path, content, words):
    with pytest.raises(ValueError, match=words):
        parse_sgml(content)
    write_archive(tmp_path, collection([content]))
    with pytest.raises(OSError, match=rf"reut2-000.sgm in .*{ARCHIVE_NAME} cannot be parsed: .*{words}"):
        fetch_reuters21578(data_home=tmp_path)


def test_members_in_a_folder_and_other_files(tmp_path):
    members = [tar_member("reuters", type=tarfile.DIRTYPE), tar_member("reuters/README.txt", b"text")]
    write_archive(tmp_path, members + collection(DOCUMENTS, prefix="./reuters/"))
    assert fetch_reuters21578(data_home=tmp_path).target.shape == (2, 3)


@pytest.mark.parametrize(
    "extra",
    [
        tar_member("../outside.sgm", b"x"),
        tar_member("inside/../../outside.sgm", b"x"),
        tar_member("/absolute.sgm", b"x"),
        tar_member("..\\outside.sgm", b"x"),
        tar_member("C:\\absolute.sgm", b"x"),
        tar_member("link.sgm", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        tar_member("link.sgm", type=tarfile.LNKTYPE, linkname="reut2-000.sgm"),
        tar_member("device", type=tarfile.CHRTYPE),
    ],
    ids=lambda item: f"{item[0].name}-{item[0].type.decode()}",
)
@pytest.mark.parametrize("first", [True, False])
def test_other_members_are_passed_over(tmp_path, extra, first):
    """Links, devices and paths beyond the folder among them: only the names of the collection are read, by no path."""
    folder = tmp_path / "data"
    folder.mkdir()
    members = collection(DOCUMENTS)
    members = [extra, *members] if first else [*members, extra]
    extra[1].seek(0)
    write_archive(folder, members)
    np.testing.assert_array_equal(fetch_reuters21578(data_home=folder).sample_id, [2, 30])
    assert [path.name for path in tmp_path.rglob("*")] == ["data", ARCHIVE_NAME]


def test_missing_and_doubled_members(tmp_path):
    write_archive(tmp_path, collection(DOCUMENTS)[:-2])
    with pytest.raises(OSError, match=r"lacks 2 of its 22 files: reut2-020.sgm, reut2-021.sgm"):
        fetch_reuters21578(data_home=tmp_path)
    write_archive(tmp_path, collection(DOCUMENTS) + collection(DOCUMENTS)[:1])
    with pytest.raises(OSError, match=r"reut2-000\.sgm twice"):
        fetch_reuters21578(data_home=tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99])
def test_truncated_archive(tmp_path, share):
    rng = np.random.default_rng(0)
    long = [
        document(number, ["earn"], text=f"<TEXT><BODY>{rng.bytes(2000).hex()}</BODY></TEXT>") for number in range(100)
    ]
    path = write_archive(tmp_path, collection(long))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(OSError, match=f"{ARCHIVE_NAME} is truncated"):
        fetch_reuters21578(data_home=tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_damaged_archive(tmp_path):
    path = write_archive(tmp_path, collection(DOCUMENTS))
    content = bytearray(path.read_bytes())
    content[-8] ^= 0xFF  # the checksum of the content, before its length
    path.write_bytes(content)
    with pytest.raises(OSError, match="is truncated or is no gzip"):
        fetch_reuters21578(data_home=tmp_path)
    path.write_bytes(content[:-8])
    with pytest.raises(OSError, match="is truncated or is no gzip"):
        fetch_reuters21578(data_home=tmp_path)
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(OSError, match="is no gzip-compressed tar archive"):
        fetch_reuters21578(data_home=tmp_path)


def test_offline(tmp_path, monkeypatch):
    def no_network(url, timeout):
        raise OSError("no route to host")

    monkeypatch.setattr(_reuters, "urlopen", no_network)
    with pytest.raises(OSError, match="no route to host") as caught:
        fetch_reuters21578(data_home=tmp_path)
    for part in (ARCHIVE_NAME, str(tmp_path), "SKBALANCE_DATA", "archive.ics.uci.edu"):
        assert part in str(caught.value)
    with pytest.raises(OSError, match="download_if_missing=False"):
        fetch_reuters21578(data_home=tmp_path, download_if_missing=False)
    assert list(tmp_path.iterdir()) == []


def test_download_of_another_archive_is_refused(folder, tmp_path, monkeypatch):
    content = (folder / ARCHIVE_NAME).read_bytes()
    monkeypatch.setattr(_reuters, "urlopen", lambda url, timeout: io.BytesIO(content))
    empty = tmp_path / "empty"
    with pytest.raises(OSError, match="sha256"):
        fetch_reuters21578(data_home=empty)
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    "parameters", [{"subset": "valid"}, {"data_home": 3}, {"download_if_missing": "yes"}, {"return_X_y": 2}]
)
def test_bad_parameters(parameters):
    with pytest.raises(ValueError, match=f"'{next(iter(parameters))}' parameter of fetch_reuters21578"):
        fetch_reuters21578(**parameters)


def test_a_file_far_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(_reuters, "MAX_MEMBER_SIZE", 10)
    write_archive(tmp_path, [tar_member(MEMBER_NAMES[0], b"x" * 11)])
    with pytest.raises(OSError, match="claims 11 bytes"):
        fetch_reuters21578(data_home=tmp_path)


@pytest.mark.parametrize(
    ("piece", "words"),
    [
        ("<!-- <a", "markup that does not end: '<!-- <a"),
        ("<!--", "markup that does not end"),
        ('<a b="', "markup that does not end"),
        ("<![", r"markup that does not end: '<!\[<!\["),
        ("<![CDATA[", "markup that does not end"),
        ("<REUTERS>", "document 5 is not closed"),
        ("&#" + "9" * 5000 + ";", "a number beyond all characters"),
    ],
)
def test_sgml_that_no_file_of_the_collection_can_be(piece, words):
    """Each in time in proportion to its length: times the square of it, they would take hours."""
    with pytest.raises(ValueError, match=words):
        parse_sgml(document(5, [], text=f"<TEXT>{piece * (1_500_000 // len(piece))}</TEXT>"))


@pytest.mark.parametrize("piece", ["&#", 'a="', "&", ">", "x</D>", "x<A>", "x<A></A>"])
def test_sgml_that_is_long_and_odd_is_read(piece):
    text = f"<TEXT><BODY>{piece * 200_000}</BODY></TEXT>"
    (parsed,) = parse_sgml(document(5, [], text=text, attributes="a" * 200_000 + " "))
    assert len(parsed.text) > 190_000


@pytest.mark.parametrize(
    "content", ["<a>" * 50_000, "<!-- ", "<![", '<a b="', "words", "<!DOCTYPE x><!DOCTYPE y>", "\0"]
)
def test_what_is_no_document_is_refused(tmp_path, content):
    for parts in ([content.encode()], [document(5, []), content.encode()], [content.encode(), document(5, [])]):
        with pytest.raises(ValueError, match=r"before (document 5|the end) stands '.*', which is no document"):
            parse_sgml(HEADER + b"".join(parts))
        write_archive(tmp_path, collection(parts))
        with pytest.raises(OSError, match=rf"reut2-000.sgm in .*{ARCHIVE_NAME} cannot be parsed"):
            fetch_reuters21578(data_home=tmp_path)


def tar_header(kind=tarfile.REGTYPE, size=0, name="reut2-000.sgm"):
    header = tarfile.TarInfo(name)
    header.type, header.size = kind, size
    return header.tobuf(tarfile.GNU_FORMAT)


def of_size(size, header):
    """A header with its size put in by hand, and the checksum that goes with it."""
    header = bytearray(header)
    header[124:136] = size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (tar_header(tarfile.XHDTYPE, 30 << 20) + bytes(30 << 20), "it ends without an end"),
        (tar_header(tarfile.XHDTYPE, 30 << 20) + bytes((30 << 20) + 1024), "lacks 22 of its 22 files"),
        (tar_header(tarfile.GNUTYPE_LONGNAME, 5) + b"name".ljust(1536, b"\0"), "lacks 22 of its 22 files"),
        (tar_header(tarfile.GNUTYPE_SPARSE, 1 << 20) + bytes(1024), "it ends without an end"),
        (tar_header(tarfile.SYMTYPE) + bytes(1024), "lacks 22 of its 22 files"),
        (of_size(b"\xff" * 10 + b"\xfc\x00", tar_header()) + bytes(1024), "unpacks to more than"),
        (of_size(b"\x80" + b"\xff" * 11, tar_header()) + bytes(1024), "unpacks to more than"),
        (of_size(b"-0000001024\0", tar_header(name="x")) + bytes(1024), "unpacks to more than"),
        (
            of_size(b"no number at", tar_header(name="x")) + bytes(1024),
            r"no gzip-compressed tar archive \(invalid header",
        ),
        (tar_header(name="x") * 70_000, "unpacks to more than"),
        (tar_header(size=5000) + b"x" * 600, "it ends without an end"),
        (tar_header(name="x", size=5000) + b"x" * 600, "it ends without an end"),
        (tar_header(size=3 << 20) + bytes(3 << 20), "claims 3145728 bytes"),
        (bytes(200 << 20), "unpacks to more than"),
        (bytes(1024), "lacks 22 of its 22 files"),
        (b"x" * 100_000, "is truncated or is no gzip-compressed tar"),
    ],
)
def test_archives_made_to_hang_or_to_fill_the_memory(tmp_path, content, words):
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(gzip.compress(content, compresslevel=1))
    tracemalloc.start()
    with pytest.raises(OSError, match=words):
        list(read_members(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6))
def test_a_damaged_archive_is_read_or_an_os_error(tmp_path, changes):
    with gzip.open(write_archive(tmp_path, collection(DOCUMENTS))) as file:
        content = bytearray(file.read())
    for place, value in changes:
        content[int(place * len(content))] = value
    (tmp_path / ARCHIVE_NAME).write_bytes(gzip.compress(content, compresslevel=1))
    with contextlib.suppress(OSError):
        dataset = fetch_reuters21578(data_home=tmp_path)
        assert dataset.target.shape == (len(dataset.data), len(dataset.target_names))


def test_an_archive_that_unpacks_without_end(tmp_path):
    """Nothing but zeros, compressed a thousand times, beside the files, after them, or as the name of one."""
    zeros = bytes(1 << 20)
    for kind in ("beside", "name"):
        path = tmp_path / f"{kind}.tar.gz"
        with gzip.open(path, "wb", compresslevel=1) as file:
            header = tarfile.TarInfo("padding")
            header.size = 1 << 32
            header.type = tarfile.REGTYPE if kind == "beside" else tarfile.GNUTYPE_LONGNAME
            file.write(header.tobuf(tarfile.GNU_FORMAT))
            for _ in range(40):
                file.write(zeros)
        with pytest.raises(OSError, match=f"{kind}.tar.gz unpacks to more than 33554432 bytes"):
            list(read_members(path))
